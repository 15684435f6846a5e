// SPDX-License-Identifier: Apache-2.0

export const verdict = {
  'verdict.meter_silent':
    'Unità {unit}: nessuna risposta, altre sulla linea rispondono. Controlli indirizzo, fili e alimentazione.',
  'verdict.meter_silent_serial':
    'Unità {unit}: nessuna risposta. Controlli indirizzo, se A e B sono scambiati, velocità e parità, adattatore e alimentazione.',
  'verdict.meter_silent_tcp':
    'Unità {unit}: nessuna risposta. Controlli l’indirizzo e che cosa c’è dietro quel gateway.',
  'verdict.meter_silent_all': 'Unità {unit}: nessuna risposta, come da tutte le unità della linea.',
  'verdict.meter_garbled':
    'Unità {unit}: ogni risposta è illeggibile, quelle di altre no. Due contatori con questo indirizzo, la sua velocità o parità, o il cablaggio.',
  'verdict.meter_garbled_all':
    'Unità {unit}: ogni risposta è illeggibile, come su tutta la linea. Controlli velocità, parità e polarità.',
  'verdict.meter_refuses':
    'Unità {unit}: rifiuta tutto con l’eccezione {exception}. Non è il contatore della sua mappa di registri.',
  'verdict.meter_twice':
    'Unità {unit}: {share} delle risposte arrivano due volte. Il contatore o un convertitore le ripete, o due ' +
    'contatori hanno questo indirizzo.',
  'verdict.meter_late':
    'Unità {unit}: {count} risposte sono arrivate dopo l’attesa di {timeout}. L’attesa è troppo breve.',
  'verdict.meter_block_silent':
    'Unità {unit}: nessuna risposta ai registri da {first} a {last} (funzione {function}), gli altri rispondono. Li tolga dalla mappa dei registri.',
  'verdict.meter_block_garbled':
    'Unità {unit}: nessuna risposta utilizzabile ai registri da {first} a {last} (funzione {function}), gli altri rispondono. Li tolga dalla mappa dei registri.',
  'verdict.meter_crc':
    'Unità {unit}: {share} di errori di controllo, solo su questo contatore. Controlli cablaggio e terminazione.',
  'verdict.meter_crc_some':
    'Unità {unit}: {share} di errori di controllo, come {count} contatori su {of}. Controlli la parte di cavo che condividono.',
  'verdict.meter_crc_all': 'Unità {unit}: {share} di errori di controllo, come tutta la linea.',
  'verdict.meter_crc_alone':
    'Unità {unit}: {share} di errori di controllo. Controlli cablaggio, terminazione, polarizzazione e velocità della linea.',
  'verdict.meter_losses':
    'Unità {unit}: {share} delle richieste restano senza risposta, solo su questo contatore. Un contatto allentato, o è interrogato troppo in fretta.',
  'verdict.meter_losses_all':
    'Unità {unit}: {share} delle richieste restano senza risposta, come su tutta la linea.',
  'verdict.meter_foreign':
    'Unità {unit}: a {share} delle richieste risponde un altro. Due master, o un contatore che dà un indirizzo sbagliato.',
  'verdict.meter_narrowed':
    'Unità {unit}: non ha {count} punti della sua mappa di registri (eccezione {exception}). Altro modello o versione.',
  'verdict.meter_exceptions': 'Unità {unit}: rifiuta {share} delle richieste (eccezione {exception}).',
  'verdict.meter_slow':
    'Unità {unit}: le risposte impiegano {mean} dei {timeout} di attesa. L’attesa è troppo breve.',
  'verdict.line_silent':
    'Nessuna di {of} unità risponde. Controlli l’adattatore, se A e B sono scambiati, velocità e parità.',
  'verdict.line_silent_tcp':
    'Nessuna di {of} unità risponde. Controlli che cosa c’è dietro quel gateway, e le sue impostazioni.',
  'verdict.line_garbled':
    'Ogni risposta è illeggibile. Controlli velocità e parità, e se A e B sono scambiati.',
  'verdict.line_masters':
    'Un altro master interroga su questa linea, {count} richieste di recente. Una linea ammette un solo master.',
  'verdict.line_crc':
    '{share} di errori di controllo su {count} contatori su {of}. Controlli terminazione, polarità, polarizzazione e velocità della linea.',
  'verdict.line_crc_some':
    'Errori di controllo su {count} contatori su {of} e non sugli altri. Controlli la parte di cavo che condividono.',
  'verdict.line_losses':
    '{share} delle richieste restano senza risposta, su {count} contatori su {of}. L’adattatore, un filo allentato o disturbi.',
  'verdict.line_foreign':
    '{count} risposte che nessuno aspettava. Due master, o contatori che rispondono per altri.',
  'verdict.line_overload':
    'Si chiede {demand} volte ciò che la linea può portare. Scelga periodi più lunghi, meno valori o più velocità.',
  'verdict.line_noise':
    '{count} disturbi tra i telegrammi. Controlli polarizzazione, schermo e disturbi.',
  'verdict.line_echo':
    'L’adattatore rimanda ciò che si invia. È innocuo; la sua eco si può spegnere.',
};
