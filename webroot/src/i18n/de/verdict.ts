// SPDX-License-Identifier: Apache-2.0

export const verdict = {
  'verdict.meter_silent':
    'Gerät {unit}: keine Antwort, andere an der Leitung antworten. Prüfen Sie Adresse, Adern und Versorgung.',
  'verdict.meter_silent_serial':
    'Gerät {unit}: keine Antwort. Prüfen Sie Adresse, ob A und B vertauscht sind, Geschwindigkeit und Parität, Adapter und Versorgung.',
  'verdict.meter_silent_tcp':
    'Gerät {unit}: keine Antwort. Prüfen Sie die Adresse und was hinter dem dortigen Gateway hängt.',
  'verdict.meter_silent_all': 'Gerät {unit}: keine Antwort, wie von keinem Gerät der Leitung.',
  'verdict.meter_garbled':
    'Gerät {unit}: jede Antwort ist verstümmelt, andere nicht. Zwei Zähler mit dieser Adresse, Geschwindigkeit oder Parität, oder seine Verdrahtung.',
  'verdict.meter_garbled_all':
    'Gerät {unit}: jede Antwort ist verstümmelt, wie auf der ganzen Leitung. Prüfen Sie Geschwindigkeit, Parität und Polung.',
  'verdict.meter_refuses':
    'Gerät {unit}: lehnt alles mit Ausnahme {exception} ab. Es ist nicht der Zähler, für den die Registerliste gilt.',
  'verdict.meter_twice':
    'Gerät {unit}: {share} der Antworten kommen doppelt. Der Zähler oder ein Umsetzer wiederholt sie, oder zwei Zähler ' +
    'haben diese Adresse.',
  'verdict.meter_late':
    'Gerät {unit}: {count} Antworten kamen nach der Wartezeit von {timeout}. Die Wartezeit ist zu kurz.',
  'verdict.meter_block_silent':
    'Gerät {unit}: keine Antwort auf Register {first} bis {last} (Funktion {function}), auf andere schon. Lassen Sie diese in der Registerliste weg.',
  'verdict.meter_block_garbled':
    'Gerät {unit}: keine brauchbare Antwort auf Register {first} bis {last} (Funktion {function}), auf andere schon. Lassen Sie diese in der Registerliste weg.',
  'verdict.meter_crc':
    'Gerät {unit}: {share} Prüfsummenfehler, nur bei diesem Zähler. Prüfen Sie Verdrahtung und Abschluss.',
  'verdict.meter_crc_some':
    'Gerät {unit}: {share} Prüfsummenfehler, wie {count} von {of} Zählern. Prüfen Sie den gemeinsamen Teil des Kabels.',
  'verdict.meter_crc_all': 'Gerät {unit}: {share} Prüfsummenfehler, wie die ganze Leitung.',
  'verdict.meter_crc_alone':
    'Gerät {unit}: {share} Prüfsummenfehler. Prüfen Sie Verdrahtung, Abschluss, Vorspannung und Geschwindigkeit der Leitung.',
  'verdict.meter_losses':
    'Gerät {unit}: {share} der Anfragen bleiben ohne Antwort, nur bei diesem Zähler. Ein Wackelkontakt, oder es wird zu schnell gefragt.',
  'verdict.meter_losses_all':
    'Gerät {unit}: {share} der Anfragen bleiben ohne Antwort, wie auf der ganzen Leitung.',
  'verdict.meter_foreign':
    'Gerät {unit}: {share} der Anfragen beantwortet jemand anders. Zwei Master, oder ein Zähler nennt eine falsche Adresse.',
  'verdict.meter_narrowed':
    'Gerät {unit}: hat {count} Messpunkte seiner Registerliste nicht (Ausnahme {exception}). Anderes Modell oder andere Version.',
  'verdict.meter_exceptions': 'Gerät {unit}: lehnt {share} der Anfragen ab (Ausnahme {exception}).',
  'verdict.meter_slow':
    'Gerät {unit}: Antworten brauchen {mean} von {timeout} Wartezeit. Die Wartezeit ist zu kurz.',
  'verdict.line_silent':
    'Keines von {of} Geräten antwortet. Prüfen Sie den Adapter, ob A und B vertauscht sind, Geschwindigkeit und Parität.',
  'verdict.line_silent_tcp':
    'Keines von {of} Geräten antwortet. Prüfen Sie, was hinter dem dortigen Gateway hängt, und seine Einstellungen.',
  'verdict.line_garbled':
    'Jede Antwort ist verstümmelt. Prüfen Sie Geschwindigkeit und Parität, und ob A und B vertauscht sind.',
  'verdict.line_masters':
    'Ein anderer Master fragt auf dieser Leitung, zuletzt {count} Anfragen. Eine Leitung verträgt nur einen Master.',
  'verdict.line_crc':
    '{share} Prüfsummenfehler bei {count} von {of} Zählern. Prüfen Sie Abschluss, Polung, Vorspannung und Geschwindigkeit der Leitung.',
  'verdict.line_crc_some':
    'Prüfsummenfehler bei {count} von {of} Zählern, bei den anderen nicht. Prüfen Sie den Teil des Kabels, den diese teilen.',
  'verdict.line_losses':
    '{share} der Anfragen bleiben ohne Antwort, bei {count} von {of} Zählern. Der Adapter, eine lose Ader oder Störungen.',
  'verdict.line_foreign':
    '{count} Antworten, auf die niemand wartete. Zwei Master, oder Zähler antworten für andere.',
  'verdict.line_overload':
    'Verlangt wird {demand}-mal so viel, wie die Leitung trägt. Wählen Sie längere Perioden, weniger Werte oder höhere Geschwindigkeit.',
  'verdict.line_noise':
    '{count}-mal Störzeichen zwischen den Telegrammen. Prüfen Sie Vorspannung, Schirm und Störungen.',
  'verdict.line_echo':
    'Der Adapter gibt zurück, was gesendet wird. Das schadet nicht; sein Echo lässt sich ausschalten.',
};
