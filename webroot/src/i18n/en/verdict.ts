// SPDX-License-Identifier: Apache-2.0
// What the gateway makes of the errors on a line, by its own key. What is not here is told in the gateway's words.

export const verdict = {
  'verdict.meter_silent':
    'Unit {unit}: no answer, others on the line do. Check its address, its wires and its supply.',
  'verdict.meter_silent_serial':
    'Unit {unit}: no answer. Check its address, whether A and B are exchanged, speed and parity, the adapter and its supply.',
  'verdict.meter_silent_tcp': 'Unit {unit}: no answer. Check its address and what is behind the gateway there.',
  'verdict.meter_silent_all': 'Unit {unit}: no answer, as from every unit of the line.',
  'verdict.meter_garbled':
    'Unit {unit}: every answer is garbled, others are not. Two meters with this address, its speed or parity, or its wiring.',
  'verdict.meter_garbled_all':
    'Unit {unit}: every answer is garbled, as on the whole line. Check speed, parity and polarity.',
  'verdict.meter_refuses':
    'Unit {unit}: refuses everything with exception {exception}. It is not the meter that its register map is for.',
  'verdict.meter_twice':
    'Unit {unit}: {share} of the answers come twice. The meter or a converter repeats them, or two meters have this ' +
    'address.',
  'verdict.meter_late':
    'Unit {unit}: {count} answers came after the time-out of {timeout}. The time-out is too short.',
  'verdict.meter_block_silent':
    'Unit {unit}: no answer to registers {first} to {last} (function {function}), others are answered. Leave them out of the map.',
  'verdict.meter_block_garbled':
    'Unit {unit}: no usable answer to registers {first} to {last} (function {function}), others are answered. Leave them out of the map.',
  'verdict.meter_crc': 'Unit {unit}: {share} CRC errors, on this meter only. Check its wiring and termination.',
  'verdict.meter_crc_some':
    'Unit {unit}: {share} CRC errors, as {count} of {of} meters have. Check the part of the cable that they share.',
  'verdict.meter_crc_all': 'Unit {unit}: {share} CRC errors, as the whole line has.',
  'verdict.meter_crc_alone':
    'Unit {unit}: {share} CRC errors. Check wiring, termination, biasing and speed of the line.',
  'verdict.meter_losses':
    'Unit {unit}: {share} of the requests get no answer, on this meter only. A loose contact, or it is asked too fast.',
  'verdict.meter_losses_all': 'Unit {unit}: {share} of the requests get no answer, as on the whole line.',
  'verdict.meter_foreign':
    'Unit {unit}: {share} of the requests are answered by somebody else. Two masters, or a meter that gives a wrong address.',
  'verdict.meter_narrowed':
    'Unit {unit}: does not have {count} points of its register map (exception {exception}). Another model or version.',
  'verdict.meter_exceptions': 'Unit {unit}: refuses {share} of the requests (exception {exception}).',
  'verdict.meter_slow':
    'Unit {unit}: answers take {mean} of the {timeout} that are waited. The time-out is too short.',
  'verdict.line_silent':
    'None of {of} units answers. Check the adapter, whether A and B are exchanged, speed and parity.',
  'verdict.line_silent_tcp': 'None of {of} units answers. Check what is behind the gateway there, and its settings.',
  'verdict.line_garbled': 'Every answer is garbled. Check speed and parity, and whether A and B are exchanged.',
  'verdict.line_masters':
    'Another master asks on this line, {count} requests lately. A line carries one master only.',
  'verdict.line_crc':
    '{share} CRC errors on {count} of {of} meters. Check termination, polarity, biasing and speed of the line.',
  'verdict.line_crc_some':
    'CRC errors on {count} of {of} meters and not on the others. Check the part of the cable that these share.',
  'verdict.line_losses':
    '{share} of the requests get no answer, on {count} of {of} meters. The adapter, a loose wire or disturbances.',
  'verdict.line_foreign':
    '{count} answers that nobody waited for. Two masters, or meters that answer in the name of others.',
  'verdict.line_overload':
    'Asked for {demand} times what the line can carry. Choose longer periods, fewer values or a higher speed.',
  'verdict.line_noise': '{count} pieces of noise between the frames. Check biasing, shield and disturbances.',
  'verdict.line_echo': 'The adapter gives back what is sent. That is harmless; its echo can be switched off.',
};
