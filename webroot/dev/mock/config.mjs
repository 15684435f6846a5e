// SPDX-License-Identifier: Apache-2.0
// Sections of the configuration with a revision; a change says which one it started from.

export class Config {
  constructor(plant) {
    this.plant = plant;
    this.revision = 7;
    this.sections = {
      lines: [
        { name: 'panel', serial: { port: '/dev/ttyUSB0', baud: 38400, parity: 'none', stop_bits: 1 } },
        { name: 'office', tcp: { host: '192.0.2.20' } },
        { name: 'hall', rtu_tcp: { host: '192.0.2.31' } },
      ],
      meters: plant.meters.map(({ name, line, seed, profile, labels }) => {
        return { name, line, unit: seed, profile, every: '1s', labels };
      }),
      virtual: [{ name: 'consumers', title: 'All consumers', sum: plant.feeders.map(({ name }) => name) }],
    };
  }

  tag() {
    return `"${this.revision}"`;
  }

  /** Null when somebody else was faster. */
  put(section, body, ifMatch) {
    if (ifMatch !== this.tag()) return null;
    this.sections[section] = body;
    if (section === 'meters') this.name(body);
    return ++this.revision;
  }

  /** The plant's meters stay what they are; the configuration says what they are called. */
  name(meters) {
    for (const entry of meters) {
      const meter = this.plant.meters.find((one) => one.line === entry.line && one.seed === entry.unit);
      if (!meter) this.plant.add(entry);
      else if (meter.name !== entry.name) {
        meter.name = entry.name;
        for (const point of meter.points) point.name = `${entry.name}.${point.quantity}`;
      }
    }
    this.plant.byName = new Map(this.plant.points.map((point) => [point.name, point]));
  }
}
