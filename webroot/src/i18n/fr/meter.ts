// SPDX-License-Identifier: Apache-2.0

export const meter = {
  'meter.computed': 'Calculé par la passerelle',
  'meter.computed.of': 'Calculé : {formula}',
  'meter.circuits': 'Circuit {names}',
  'meter.achieved': 'Période atteinte',
  'meter.toBus': 'Ouvrir la ligne',
  'meter.extremes': 'Minima et maxima du jour',
  'meter.extremes.none': 'Pas encore de valeurs aujourd’hui',
  'meter.extremes.none.help':
    'Dès que le compteur répond, ses valeurs extrêmes depuis minuit figurent ici.',
  'meter.extremes.about':
    'Les heures des valeurs passées sont celles des cinq minutes pendant lesquelles elles ont eu lieu.',
  'column.least': 'Minimum',
  'column.largest': 'Maximum',
  'phasor.name': 'Vecteur',
  'phasor.size': 'Module',
  'phasor.angle': 'Angle',
  'phasor.basis.meter': 'Les angles sont ceux du compteur.',
  'phasor.basis.triangle':
    'Les angles des tensions se déduisent des tensions entre phases, ceux des courants des puissances.',
  'phasor.basis.even':
    'Les tensions sont dessinées à un tiers de tour ; les angles des courants se déduisent des puissances.',
  'phasor.basis.between':
    'Sans neutre, ce sont les tensions entre phases, et les courants par rapport au milieu de leur triangle.',
  'wiring.title': 'Raccordement',
  'wiring.good': 'Juste',
  'wiring.warn': 'À voir',
  'wiring.bad': 'Faux',
  'wiring.unknown': 'Indécidable',
  'wiring.none': 'Rien à vérifier',
  'wiring.none.help':
    'Il faut les tensions, courants et puissances des phases ; ce compteur n’en donne aucun.',
  'wiring.check.voltage': 'Tensions',
  'wiring.check.order': 'Ordre des phases',
  'wiring.check.currents': 'Courants',
  'wiring.check.size': 'Rapports',
  'wiring.check.balance': 'Équilibre',
  'wiring.voltage.good': 'Toutes les tensions sont là et semblables.',
  'wiring.voltage.single': 'La tension est là ; le compteur mesure une phase.',
  'wiring.voltage.none': 'Le compteur ne donne pas les tensions des phases.',
  'wiring.voltage.dead': 'Aucune tension sur aucune phase. Vérifiez les fusibles des entrées de tension.',
  'wiring.voltage.missing': 'Pas de tension sur {phases}. Vérifiez son fusible et son fil jusqu’au compteur.',
  'wiring.voltage.missingBetween':
    'Une tension entre phases manque, de {phases} à la suivante. Vérifiez les fusibles et les fils des deux.',
  'wiring.voltage.same':
    '{phases} sont sur le même conducteur : aucune tension entre elles. Déplacez un des fils de tension.',
  'wiring.voltage.uneven':
    'Les tensions s’écartent de {value} de leur moyenne. Vérifiez le neutre : desserré ou coupé, il en est la cause.',
  'wiring.order.good': 'L1, L2, L3 se suivent comme il faut.',
  'wiring.order.reversed':
    'Les phases se suivent à l’envers. Échangez deux fils de tension, et leurs transformateurs de courant avec eux.',
  'wiring.order.odd':
    'Les tensions ne sont pas à un tiers de tour. Vérifiez les fils de tension de toutes les phases.',
  'wiring.order.noAngles': 'Ce compteur ne donne pas les angles de ses tensions, qui seuls le diraient.',
  'wiring.currents.good': 'Chaque courant va avec sa tension et circule dans le bon sens.',
  'wiring.currents.signs':
    'Aucune phase ne fournit. Les puissances actives seules ne disent pas si des courants sont échangés.',
  'wiring.currents.none': 'Le compteur ne donne pas les courants des phases.',
  'wiring.currents.idle':
    'Sous 5 % de charge les angles ne disent rien. Revenez quand plus d’appareils sont en marche.',
  'wiring.currents.noPowers':
    'Le compteur ne donne pas les puissances actives des phases, qui seules le diraient.',
  'wiring.currents.reactive':
    'Les courants sont purement réactifs : juste pour des condensateurs ; pour tout autre récepteur, ils sont tous sur de mauvaises phases.',
  'wiring.currents.export':
    'Toutes les phases fournissent : juste là où un générateur injecte. Sinon tous les transformateurs de courant sont à l’envers : retournez-les ou mettez « invert » pour ce compteur.',
  'wiring.currents.reversed':
    '{phases} : le courant circule à l’envers. Échangez S1 et S2 du transformateur de courant, sauf si un générateur injecte sur cette phase seule.',
  'wiring.currents.moved':
    'Les courants de {phases} vont avec d’autres phases que leurs tensions. Échangez entre elles les transformateurs de courant ou les fils de tension.',
  'wiring.currents.movedReversed':
    'Les courants de {phases} ne vont ni avec leurs phases ni dans leur sens. Vérifiez quel transformateur va à quelle entrée, et ses S1 et S2.',
  'wiring.currents.unclear':
    'Les angles de {phases} sont inhabituels et ne correspondent à aucune erreur simple. Comparez phase par phase avec une pince.',
  'wiring.size.good': 'Les puissances sont ce que donnent tension et courant.',
  'wiring.size.none': 'Trop peu de charge, ou les puissances des phases manquent.',
  'wiring.size.tooLarge':
    'Les puissances valent {value} fois ce que donnent tension et courant : un rapport de transformation compte pour les puissances et pas pour le courant.',
  'wiring.size.tooSmall':
    'Tension et courant donnent {value} fois les puissances : un rapport de transformation compte pour le courant et pas pour les puissances.',
  'wiring.size.aboveRated':
    'Le courant vaut {value} fois le courant nominal du circuit. Vérifiez le rapport des transformateurs de courant et le calibre.',
  'wiring.balance.good': 'Les phases s’écartent de {value} de leur moyenne.',
  'wiring.balance.uneven':
    'Les phases s’écartent de {value} de leur moyenne : l’une porte bien plus que les autres.',
  'wiring.balance.idle': 'Trop peu de charge.',
};
