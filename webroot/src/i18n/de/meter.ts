// SPDX-License-Identifier: Apache-2.0

export const meter = {
  'meter.computed': 'Vom Gateway berechnet',
  'meter.computed.of': 'Berechnet: {formula}',
  'meter.circuits': 'Stromkreis {names}',
  'meter.achieved': 'Erreichte Periode',
  'meter.toBus': 'Leitung öffnen',
  'meter.extremes': 'Kleinste und größte heute',
  'meter.extremes.none': 'Heute noch keine Werte',
  'meter.extremes.none.help':
    'Sobald der Zähler antwortet, stehen hier seine kleinsten und größten Werte seit Mitternacht.',
  'meter.extremes.about': 'Zeiten früherer Werte sind die der fünf Minuten, in denen sie auftraten.',
  'column.least': 'Kleinster',
  'column.largest': 'Größter',
  'phasor.name': 'Zeiger',
  'phasor.size': 'Betrag',
  'phasor.angle': 'Winkel',
  'phasor.basis.meter': 'Die Winkel sind die des Zählers.',
  'phasor.basis.triangle':
    'Die Winkel der Spannungen folgen aus den Spannungen zwischen den Phasen, die der Ströme aus den Leistungen.',
  'phasor.basis.even':
    'Die Spannungen sind um ein Drittel versetzt gezeichnet; die Winkel der Ströme folgen aus den Leistungen.',
  'phasor.basis.between':
    'Ohne Neutralleiter sind die Spannungen zwischen den Phasen gezeichnet, die Ströme gegen die Mitte ihres Dreiecks.',
  'wiring.title': 'Anschluss',
  'wiring.good': 'Richtig',
  'wiring.warn': 'Ansehen',
  'wiring.bad': 'Falsch',
  'wiring.unknown': 'Nicht zu sagen',
  'wiring.none': 'Nichts zu prüfen',
  'wiring.none.help':
    'Die Prüfung braucht Spannungen, Ströme und Leistungen der Phasen; dieser Zähler liefert nichts davon.',
  'wiring.check.voltage': 'Spannungen',
  'wiring.check.order': 'Phasenfolge',
  'wiring.check.currents': 'Ströme',
  'wiring.check.size': 'Wandlerverhältnis',
  'wiring.check.balance': 'Gleichlast',
  'wiring.voltage.good': 'Alle Spannungen sind da und gleich.',
  'wiring.voltage.single': 'Die Spannung ist da; der Zähler misst eine Phase.',
  'wiring.voltage.none': 'Der Zähler liefert keine Spannungen der Phasen.',
  'wiring.voltage.dead': 'Auf keiner Phase Spannung. Prüfen Sie die Sicherungen der Spannungseingänge.',
  'wiring.voltage.missing': 'Keine Spannung auf {phases}. Prüfen Sie Sicherung und Ader zum Zähler.',
  'wiring.voltage.missingBetween':
    'Eine Spannung zwischen Phasen fehlt, von {phases} zur nächsten. Prüfen Sie Sicherungen und Adern beider.',
  'wiring.voltage.same':
    '{phases} hängen am selben Leiter: zwischen ihnen liegt keine Spannung. Setzen Sie eine Spannungsader um.',
  'wiring.voltage.uneven':
    'Die Spannungen weichen um {value} vom Mittel ab. Prüfen Sie den Neutralleiter: lose oder unterbrochen bewirkt er das.',
  'wiring.order.good': 'L1, L2, L3 folgen einander, wie sie sollen.',
  'wiring.order.reversed':
    'Die Phasen folgen einander verkehrt herum. Vertauschen Sie zwei Spannungsadern und ihre Stromwandler mit ihnen.',
  'wiring.order.odd':
    'Die Spannungen sind nicht um ein Drittel versetzt. Prüfen Sie die Spannungsadern aller Phasen.',
  'wiring.order.noAngles': 'Dieser Zähler liefert keine Winkel seiner Spannungen; nur sie würden es zeigen.',
  'wiring.currents.good': 'Jeder Strom gehört zu seiner Spannung und fließt richtig herum.',
  'wiring.currents.signs':
    'Keine Phase liefert. Ob Ströme vertauscht sind, zeigen Wirkleistungen allein nicht.',
  'wiring.currents.none': 'Der Zähler liefert keine Ströme der Phasen.',
  'wiring.currents.idle': 'Unter 5 % Last sagen Winkel nichts. Sehen Sie nach, wenn mehr eingeschaltet ist.',
  'wiring.currents.noPowers':
    'Der Zähler liefert keine Wirkleistungen der Phasen; nur sie würden es zeigen.',
  'wiring.currents.reactive':
    'Die Ströme sind reine Blindströme: richtig bei Kondensatoren; bei allem anderen sitzen alle Ströme auf falschen Phasen.',
  'wiring.currents.export':
    'Alle Phasen liefern: richtig, wo ein Erzeuger einspeist. Sonst sitzen alle Stromwandler verkehrt herum: drehen Sie sie um oder setzen Sie „invert“ für diesen Zähler.',
  'wiring.currents.reversed':
    '{phases}: der Strom fließt verkehrt herum. Vertauschen Sie S1 und S2 des Stromwandlers, außer ein Erzeuger speist allein auf dieser Phase ein.',
  'wiring.currents.moved':
    'Die Ströme von {phases} gehören zu anderen Phasen als ihre Spannungen. Vertauschen Sie unter ihnen die Stromwandler oder die Spannungsadern.',
  'wiring.currents.movedReversed':
    'Die Ströme von {phases} passen weder zu ihren Phasen noch zu ihren Richtungen. Prüfen Sie, welcher Stromwandler zu welchem Eingang führt, und sein S1 und S2.',
  'wiring.currents.unclear':
    'Die Winkel auf {phases} sind ungewöhnlich und passen zu keinem einzelnen Fehler. Vergleichen Sie Phase für Phase mit einer Stromzange.',
  'wiring.size.good': 'Die Leistungen sind, was Spannung und Strom ergeben.',
  'wiring.size.none': 'Zu wenig Last, oder Leistungen der Phasen fehlen.',
  'wiring.size.tooLarge':
    'Die Leistungen sind {value}-mal so groß, wie Spannung und Strom ergeben: ein Wandlerverhältnis zählt bei den Leistungen und beim Strom nicht.',
  'wiring.size.tooSmall':
    'Spannung und Strom ergeben {value}-mal die Leistungen: ein Wandlerverhältnis zählt beim Strom und bei den Leistungen nicht.',
  'wiring.size.aboveRated':
    'Der Strom ist {value}-mal der Nennstrom des Stromkreises. Prüfen Sie das Verhältnis der Stromwandler und den Nennstrom.',
  'wiring.balance.good': 'Die Phasen weichen um {value} von ihrem Mittel ab.',
  'wiring.balance.uneven':
    'Die Phasen weichen um {value} von ihrem Mittel ab: eine trägt viel mehr als die anderen.',
  'wiring.balance.idle': 'Zu wenig Last.',
};
