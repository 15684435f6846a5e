// SPDX-License-Identifier: Apache-2.0
// The supervisor of the made-up plant: a unit a meter, and one with all points as float32.

const POINTS_UNIT = 247;
const FIRST = 18432;

export function supervisorOf(plant, now) {
  return {
    listeners: [
      { service: 'modbus_tcp', address: '0.0.0.0', port: 1502, state: 'listening' },
      { service: 'rtu_tcp', address: '0.0.0.0', port: 1503, state: 'listening' },
      { service: 'modbus_tls', address: '0.0.0.0', port: 802, state: 'off' },
    ],
    connections: [
      { address: '192.0.2.90:50412', service: 'modbus_tcp', role: null, since: now - 3_720_000, requests: 37_190 },
      { address: '[2001:db8::15]:41873', service: 'modbus_tls', role: 'viewer', since: now - 61_000, requests: 61 },
    ],
    units: plant.meters.map((meter, i) => ({ unit: i + 1, meter: meter.name, line: meter.line })),
    points_unit: POINTS_UNIT,
  };
}

export function registersOf(plant, unit) {
  const isAll = unit === POINTS_UNIT;
  const points = isAll ? plant.points : plant.meters[unit - 1]?.points;
  if (!points) return null;
  const registers = points.map((point, i) => ({
    address: isAll ? point.id * 2 : FIRST + 2 * i,
    registers: 2,
    type: isAll || i % 3 ? 'f32' : 'u32',
    point: point.name,
    title: point.title,
    unit: point.unit,
  }));
  return { unit, registers };
}

export function registersCsv({ registers }) {
  const rows = registers.map((row) => Object.values(row).join(','));
  return ['address,registers,type,point,title,unit', ...rows].join('\r\n');
}
