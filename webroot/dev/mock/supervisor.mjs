// SPDX-License-Identifier: Apache-2.0
// The supervisor of the made-up plant: a unit a meter, and one with all points as float32.

const POINTS_UNIT = 255;
const F64_UNIT = 254;

export function supervisorOf(plant, now) {
  return {
    listeners: [
      { service: 'modbus_tcp', address: '127.0.0.1:1502', port: 1502, state: 'listening', text: '' },
      { service: 'modbus_rtu_tcp', address: '127.0.0.1:1503', port: 1503, state: 'listening', text: '' },
      { service: 'modbus_tls', address: '[::]:802', port: 0, state: 'closed', text: 'permission denied' },
    ],
    connections: [
      { address: '192.0.2.90:50412', service: 'modbus_tcp', role: '', since: now - 3_720_000, requests: 37_190 },
      { address: '[2001:db8::15]:41873', service: 'modbus_tls', role: 'viewer', since: now - 61_000, requests: 61 },
    ],
    units: plant.meters.slice(0, -1).map(({ seed, name, line }) => ({ unit: seed, meter: name, line, bridge: false })),
    conflicts: [{ unit: 1, meter: plant.dead.name, line: plant.dead.line, taken_by: plant.meters[1].name }],
    points_unit: POINTS_UNIT,
    points_f64_unit: F64_UNIT,
  };
}

export function registersOf(plant) {
  const registers = plant.points.map(({ id, name, title, unit }) => {
    return { address: 2 * id, registers: 2, type: 'f32', point: name, title, unit, input: id, f64_address: 4 * id };
  });
  return { unit: POINTS_UNIT, f64_unit: F64_UNIT, registers };
}

export function registersCsv({ registers }) {
  const rows = registers.map((row) => Object.values(row).join(','));
  return ['address,registers,type,point,title,unit,input,f64_address', ...rows].join('\r\n');
}
