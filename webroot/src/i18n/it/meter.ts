// SPDX-License-Identifier: Apache-2.0

export const meter = {
  'meter.computed': 'Calcolato dal gateway',
  'meter.computed.of': 'Calcolato: {formula}',
  'meter.circuits': 'Circuito {names}',
  'meter.achieved': 'Periodo raggiunto',
  'meter.toBus': 'Apri la linea',
  'meter.extremes': 'Minimi e massimi di oggi',
  'meter.extremes.none': 'Oggi ancora nessun valore',
  'meter.extremes.none.help':
    'Appena il contatore risponde, qui stanno i suoi valori estremi da mezzanotte.',
  'meter.extremes.about':
    'Gli orari dei valori precedenti sono quelli dei cinque minuti in cui si sono avuti.',
  'column.least': 'Minimo',
  'column.largest': 'Massimo',
  'phasor.name': 'Fasore',
  'phasor.size': 'Modulo',
  'phasor.angle': 'Angolo',
  'phasor.basis.meter': 'Gli angoli sono quelli del contatore.',
  'phasor.basis.triangle':
    'Gli angoli delle tensioni seguono dalle tensioni tra le fasi, quelli delle correnti dalle potenze.',
  'phasor.basis.even':
    'Le tensioni sono disegnate a un terzo di giro; gli angoli delle correnti seguono dalle potenze.',
  'phasor.basis.between':
    'Senza neutro sono disegnate le tensioni tra le fasi, e le correnti rispetto al centro del loro triangolo.',
  'wiring.title': 'Collegamento',
  'wiring.good': 'Giusto',
  'wiring.warn': 'Da vedere',
  'wiring.bad': 'Sbagliato',
  'wiring.unknown': 'Non si sa',
  'wiring.none': 'Nulla da controllare',
  'wiring.none.help':
    'Il controllo richiede tensioni, correnti e potenze delle fasi; questo contatore non ne dà.',
  'wiring.check.voltage': 'Tensioni',
  'wiring.check.order': 'Ordine delle fasi',
  'wiring.check.currents': 'Correnti',
  'wiring.check.size': 'Rapporti',
  'wiring.check.balance': 'Equilibrio',
  'wiring.voltage.good': 'Tutte le tensioni ci sono e sono simili.',
  'wiring.voltage.single': 'La tensione c’è; il contatore misura una fase.',
  'wiring.voltage.none': 'Il contatore non dà tensioni delle fasi.',
  'wiring.voltage.dead': 'Nessuna tensione su nessuna fase. Controlli i fusibili degli ingressi di tensione.',
  'wiring.voltage.missing': 'Nessuna tensione su {phases}. Controlli il fusibile e il filo fino al contatore.',
  'wiring.voltage.missingBetween':
    'Manca una tensione tra le fasi, da {phases} alla successiva. Controlli fusibili e fili di entrambe.',
  'wiring.voltage.same':
    '{phases} sono sullo stesso conduttore: tra loro non c’è tensione. Sposti uno dei fili di tensione.',
  'wiring.voltage.uneven':
    'Le tensioni si scostano del {value} dalla media. Controlli il neutro: allentato o interrotto ne è la causa.',
  'wiring.order.good': 'L1, L2, L3 si seguono come devono.',
  'wiring.order.reversed':
    'Le fasi si seguono al contrario. Scambi due fili di tensione, e con loro i trasformatori di corrente.',
  'wiring.order.odd':
    'Le tensioni non sono a un terzo di giro. Controlli i fili di tensione di tutte le fasi.',
  'wiring.order.noAngles': 'Questo contatore non dà gli angoli delle tensioni, i soli a dirlo.',
  'wiring.currents.good': 'Ogni corrente va con la sua tensione e scorre nel verso giusto.',
  'wiring.currents.signs':
    'Nessuna fase fornisce. Le sole potenze attive non dicono se le correnti sono scambiate.',
  'wiring.currents.none': 'Il contatore non dà correnti delle fasi.',
  'wiring.currents.idle':
    'Sotto il 5 % di carico gli angoli non dicono nulla. Riguardi quando è acceso di più.',
  'wiring.currents.noPowers':
    'Il contatore non dà potenze attive delle fasi, le sole a dirlo.',
  'wiring.currents.reactive':
    'Le correnti sono solo reattive: giusto per condensatori; per ogni altra cosa sono tutte su fasi sbagliate.',
  'wiring.currents.export':
    'Tutte le fasi forniscono: giusto dove immette un generatore. Altrimenti tutti i trasformatori di corrente sono al contrario: li giri o metta «invert» per questo contatore.',
  'wiring.currents.reversed':
    '{phases}: la corrente scorre al contrario. Scambi S1 e S2 del trasformatore di corrente, a meno che un generatore immetta solo su questa fase.',
  'wiring.currents.moved':
    'Le correnti di {phases} sono di altre fasi rispetto alle tensioni. Scambi tra loro i trasformatori di corrente o i fili di tensione.',
  'wiring.currents.movedReversed':
    'Le correnti di {phases} non vanno né con le fasi né con i versi. Controlli quale trasformatore va a quale ingresso, e i suoi S1 e S2.',
  'wiring.currents.unclear':
    'Gli angoli di {phases} sono insoliti e non corrispondono a un solo errore. Confronti fase per fase con una pinza.',
  'wiring.size.good': 'Le potenze sono quelle che danno tensione e corrente.',
  'wiring.size.none': 'Troppo poco carico, o mancano potenze delle fasi.',
  'wiring.size.tooLarge':
    'Le potenze sono {value} volte quelle che danno tensione e corrente: un rapporto di trasformazione conta per le potenze e non per la corrente.',
  'wiring.size.tooSmall':
    'Tensione e corrente danno {value} volte le potenze: un rapporto di trasformazione conta per la corrente e non per le potenze.',
  'wiring.size.aboveRated':
    'La corrente è {value} volte quella nominale del circuito. Controlli il rapporto dei trasformatori di corrente e la taglia.',
  'wiring.balance.good': 'Le fasi si scostano del {value} dalla media.',
  'wiring.balance.uneven':
    'Le fasi si scostano del {value} dalla media: una porta molto più delle altre.',
  'wiring.balance.idle': 'Troppo poco carico.',
};
