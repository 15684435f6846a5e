// SPDX-License-Identifier: Apache-2.0
// One meter's page: wiring, phasors, least and largest.

export const meter = {
  'meter.computed': 'Computed by the gateway',
  'meter.computed.of': 'Computed: {formula}',
  'meter.circuits': 'Circuit {names}',
  'meter.achieved': 'Period reached',
  'meter.toBus': 'Open the line',
  'meter.extremes': 'Least and largest today',
  'meter.extremes.none': 'No values today yet',
  'meter.extremes.none.help': 'Once the meter answers, its least and largest values since midnight stand here.',
  'meter.extremes.about': 'Times of earlier values are those of the five minutes in which they were.',
  'column.least': 'Least',
  'column.largest': 'Largest',
  'phasor.name': 'Arrow',
  'phasor.size': 'Size',
  'phasor.angle': 'Angle',
  'phasor.basis.meter': 'The angles are the meter’s own.',
  'phasor.basis.triangle':
    'The angles of the voltages follow from the voltages between the phases, those of the currents from the powers.',
  'phasor.basis.even':
    'The voltages are drawn a third of a turn apart; the angles of the currents follow from the powers.',
  'phasor.basis.between':
    'Without a neutral the voltages between the phases are drawn, the currents against the middle of their triangle.',
  'wiring.title': 'Wiring',
  'wiring.good': 'Right',
  'wiring.warn': 'Look at it',
  'wiring.bad': 'Wrong',
  'wiring.unknown': 'Can’t tell',
  'wiring.none': 'Nothing to check',
  'wiring.none.help': 'The check needs voltages, currents and powers of the phases; this meter gives none of them.',
  'wiring.check.voltage': 'Voltages',
  'wiring.check.order': 'Order of phases',
  'wiring.check.currents': 'Currents',
  'wiring.check.size': 'Ratios',
  'wiring.check.balance': 'Balance',
  'wiring.voltage.good': 'All voltages are there and alike.',
  'wiring.voltage.single': 'The voltage is there; the meter measures one phase.',
  'wiring.voltage.none': 'The meter gives no voltages of the phases.',
  'wiring.voltage.dead': 'No voltage on any phase. Check the fuses of the voltage inputs.',
  'wiring.voltage.missing': 'No voltage on {phases}. Check its fuse and its wire to the meter.',
  'wiring.voltage.missingBetween':
    'A voltage between phases is missing, from {phases} to the next. Check fuses and wires of both.',
  'wiring.voltage.same':
    '{phases} hang on the same conductor: there is no voltage between them. Move one of the voltage wires.',
  'wiring.voltage.uneven':
    'The voltages differ by {value} from their mean. Check the neutral: loose or interrupted it makes this.',
  'wiring.order.good': 'L1, L2, L3 follow each other as they should.',
  'wiring.order.reversed':
    'The phases follow each other the wrong way round. Exchange two voltage wires, and their current transformers with them.',
  'wiring.order.odd': 'The voltages are not a third of a turn apart. Check the voltage wires of all phases.',
  'wiring.order.noAngles': 'This meter gives no angles of its voltages, which alone would tell.',
  'wiring.currents.good': 'Each current belongs to its voltage and flows the right way.',
  'wiring.currents.signs': 'No phase delivers. Whether currents are exchanged, active powers alone do not tell.',
  'wiring.currents.none': 'The meter gives no currents of the phases.',
  'wiring.currents.idle': 'Below 5 % load angles mean nothing. Look again when more is switched on.',
  'wiring.currents.noPowers': 'The meter gives no active power of the phases, which alone would tell.',
  'wiring.currents.reactive':
    'The currents are reactive alone: right for capacitors; of anything else all currents sit on the wrong phases.',
  'wiring.currents.export':
    'All phases deliver: right where a generator feeds in. Else all current transformers are the wrong way round: turn them, or set “invert” for this meter.',
  'wiring.currents.reversed':
    '{phases}: the current flows the wrong way. Exchange S1 and S2 of the current transformer, unless a generator feeds in on this phase alone.',
  'wiring.currents.moved':
    'The currents of {phases} belong to other phases than their voltages. Exchange the current transformers or the voltage wires among them.',
  'wiring.currents.movedReversed':
    'The currents of {phases} fit neither their phases nor their directions. Check which current transformer leads to which input, and its S1 and S2.',
  'wiring.currents.unclear':
    'The angles on {phases} are unusual and fit no single mistake. Compare with a clamp meter, phase by phase.',
  'wiring.size.good': 'Powers are what voltage and current give.',
  'wiring.size.none': 'Too little load, or powers of the phases are missing.',
  'wiring.size.tooLarge':
    'Powers are {value} times what voltage and current give: a transformer ratio is counted for the powers and not for the current.',
  'wiring.size.tooSmall':
    'Voltage and current give {value} times the powers: a transformer ratio is counted for the current and not for the powers.',
  'wiring.size.aboveRated':
    'The current is {value} times the rated current of the circuit. Check the ratio of the current transformers, and the rating.',
  'wiring.balance.good': 'The phases differ by {value} from their mean.',
  'wiring.balance.uneven': 'The phases differ by {value} from their mean: one carries much more than the others.',
  'wiring.balance.idle': 'Too little load.',
};
