// SPDX-License-Identifier: Apache-2.0
// A made-up switchboard for the development of the page: eight meters of five makes behind an incomer, and one that does
// not answer. Every value is a function of time, so that history and the live stream agree.

import { quantitiesOf, wave } from './quantities.mjs';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ENERGY_STEP = 5 * 60_000;
const HISTORY_DAYS = 9;

const MAKES = {
  socomec_diris_b30: 'Socomec DIRIS B-30',
  eastron_sdm630: 'Eastron SDM630',
  schneider_iem3000: 'Schneider iEM3000',
  abb_b23_b24: 'ABB B23/B24',
  janitza_umg96rm: 'Janitza UMG 96RM',
};

const FEEDERS = [
  ['hvac', 'panel', 'eastron_sdm630', 42_000, 0.86, { zone: 'roof' }, 1000],
  ['compressor', 'panel', 'schneider_iem3000', 31_000, 0.82, { zone: 'hall 1' }, 1000],
  ['lift', 'office', 'eastron_sdm630', 9000, 0.78, { zone: 'office' }, 1000],
  ['lighting', 'office', 'abb_b23_b24', 14_500, 0.97, { zone: 'office' }, 1000],
  ['servers', 'office', 'janitza_umg96rm', 11_200, 0.99, { zone: 'office' }, 1000],
  ['press-line', 'hall', 'socomec_diris_b30', 58_000, 0.84, { zone: 'hall 1' }, 1000],
  ['heat-pump', 'hall', 'abb_b23_b24', 17_800, 0.91, { zone: 'roof' }, 5000],
];

const LINES = [
  { name: 'panel', kind: 'serial', address: '/dev/ttyUSB0 38400 8N1', state: 'up', text: '', base: 0.62 },
  { name: 'office', kind: 'tcp', address: '192.0.2.20:502', state: 'up', text: '', base: 0.08 },
  {
    name: 'hall',
    kind: 'rtu_tcp',
    address: '192.0.2.31:503',
    state: 'up',
    text: '',
    base: 1,
    demand: 1.34,
    verdict: 'asked for 1.34 times the time there is: all periods take 1.34 times as long',
  },
];

/** 0.25 at night, 1 in working hours, a dent at noon. */
function dayShape(time) {
  const hour = ((time % DAY) / HOUR + 24) % 24;
  const up = 1 / (1 + Math.exp(-(hour - 5.5) * 2.2));
  const down = 1 / (1 + Math.exp((hour - 18) * 1.6));
  const noon = 0.22 * Math.exp(-(((hour - 11.5) / 0.8) ** 2));
  return 0.25 + 0.75 * Math.max(0, up * down - noon);
}

export class Plant {
  constructor({ meters = 9, now = Date.now() } = {}) {
    this.started = now;
    this.oldest = now - HISTORY_DAYS * DAY;
    this.feeders = FEEDERS.map((row, i) => this.feeder(row, i));
    for (let i = this.feeders.length; i < meters - 2; i++) this.feeders.push(this.more(i));
    this.incomer = {
      ...this.base('incomer', 'panel', 'socomec_diris_b30', 99),
      size: 0,
      labels: {},
      every: 1000,
    };
    this.dead = {
      ...this.base('workshop', 'hall', 'schneider_iem3000', 77),
      size: 8000,
      labels: { zone: 'hall 2' },
      every: 1000,
    };
    this.meters = [this.incomer, ...this.feeders, this.dead];
    this.computed = { ...this.base('consumers', null, null, 50), size: 0, labels: {}, every: 1000 };
    this.points = [...this.meters, this.computed].flatMap((meter) => this.pointsOf(meter));
    this.byId = new Map(this.points.map((point) => [point.id, point]));
    this.byName = new Map(this.points.map((point) => [point.name, point]));
    this.counters = new Map();
  }

  base(name, line, profile, seed) {
    return {
      name,
      line,
      profile,
      title: MAKES[profile],
      seed,
      uid: `m${((seed * 2654435761) % 2 ** 32).toString(16)}`,
      factor: 0.9,
    };
  }

  feeder([name, line, profile, size, factor, labels, every], i) {
    return { ...this.base(name, line, profile, i + 1), size, factor, labels, every };
  }

  more(i) {
    const profile = Object.keys(MAKES)[i % 5];
    return this.feeder(
      [`feeder-${i}`, LINES[i % 3].name, profile, 1500 + i * 130, 0.9, { zone: `hall ${i % 4}` }, 1000],
      i,
    );
  }

  /** A meter that hung on the line all the time and is now configured. */
  add({ name, line, unit, profile }) {
    const meter = this.feeder([name, line, profile, 9000, 0.92, {}, 1000], unit - 1);
    this.meters.push(meter);
    this.points.push(...this.pointsOf(meter));
    for (const point of meter.points) this.byId.set(point.id, point);
  }

  /** W */
  power(meter, time) {
    if (meter === this.computed) return this.feeders.reduce((sum, one) => sum + this.power(one, time), 0);
    if (meter === this.incomer) return this.feeders.reduce((sum, one) => sum + this.power(one, time), 6200);
    const { seed, size } = meter;
    const slow = 0.12 * wave(time, 1900 + 170 * seed, seed) + 0.07 * wave(time, 310 + 13 * seed, seed * 2);
    const fast = 0.03 * wave(time, 23 + seed, seed) + 0.015 * wave(time, 7.3, seed * 3);
    const cycle = seed % 3 === 0 && wave(time, 900 + 60 * seed, seed) > 0.35 ? 0.35 : 0;
    return Math.max(0, size * (dayShape(time + seed * 600_000) * (0.8 + slow + cycle) + fast));
  }

  /** Wh since long ago, integrated once in steps and continued from the last. */
  energy(meter, time) {
    let table = this.counters.get(meter.name);
    if (!table) {
      table = {
        from: Math.floor(this.oldest / ENERGY_STEP) * ENERGY_STEP,
        sums: [1_234_567 + meter.seed * 98_765],
      };
      this.counters.set(meter.name, table);
    }
    const slot = Math.max(0, Math.floor((time - table.from) / ENERGY_STEP));
    while (table.sums.length <= slot) {
      const at = table.from + (table.sums.length - 0.5) * ENERGY_STEP;
      table.sums.push(table.sums[table.sums.length - 1] + (this.power(meter, at) * ENERGY_STEP) / HOUR);
    }
    const at = table.from + slot * ENERGY_STEP;
    return table.sums[slot] + (this.power(meter, at) * (time - at)) / HOUR;
  }

  phasePower(meter, time, phase) {
    return (
      (this.power(meter, time) / 3) * (1 + 0.06 * wave(time, 240 + meter.seed, phase * 2.1 + meter.seed))
    );
  }

  voltage(meter, time, phase) {
    return 231 + 1.6 * wave(time, 700, phase) + 0.5 * wave(time, 37, phase + meter.seed) + 0.01 * meter.seed;
  }

  pointsOf(meter) {
    const first = (this.nextId ??= 1);
    const all = quantitiesOf(this, meter);
    const offered = meter === this.computed ? all.filter(({ name }) => name.endsWith('_total')) : all;
    const list = offered.map((quantity, i) => ({
      id: first + i,
      name: `${meter.name}.${quantity.name}`,
      meter,
      quantity: quantity.name,
      title: quantity.title,
      unit: quantity.unit,
      kind: quantity.kind,
      decimals: quantity.decimals,
      at: quantity.value,
    }));
    this.nextId += list.length;
    meter.points = list;
    return list;
  }

  quality(point) {
    if (point.meter === this.dead) return 'bad_timeout';
    return point.name === 'heat-pump.frequency' ? 'uncertain_stale' : 'good';
  }

  value(point, time) {
    return point.meter === this.dead ? null : Number(point.at(time).toFixed(4));
  }

  /** Nobody was there to be asked: a gap in the past of one meter. */
  isGap(point, time) {
    if (point.meter === this.dead || time < this.oldest) return true;
    const age = this.started - time;
    return point.meter.name === 'lift' && age > 7 * 60_000 && age < 11 * 60_000;
  }

  lines(time) {
    return LINES.map(({ base, demand = base, verdict = '', ...line }) => ({
      ...line,
      utilisation: Math.min(1, Number((base + 0.05 * wave(time, 30, base * 9)).toFixed(3))),
      demand,
      stretch: Math.max(1, demand),
      foreign: demand > 1 ? 4 : 0,
      verdict,
      meters: this.meters.filter((meter) => meter.line === line.name).length,
    }));
  }

  meterInfo(meter, time) {
    const dead = meter === this.dead;
    const polls = Math.floor((time - this.started) / meter.every) + 4000;
    return {
      uid: meter.uid,
      name: meter.name,
      line: meter.line,
      unit: meter.seed,
      load: 1,
      profile: meter.profile,
      title: meter.title,
      labels: meter.labels,
      state: dead ? 'failing' : 'ok',
      text: dead ? 'no answer within 500 ms, next try in 60 s' : '',
      since: dead ? this.started - 2.4 * HOUR : this.started - 26 * HOUR,
      verdict: '',
      achieved_ms: meter.line === 'hall' ? meter.every * 1.34 : meter.every,
      every_ms: { fast: meter.every, normal: meter.every, slow: 60_000 },
      bus: {
        polls,
        good: dead ? 3600 : polls - 2,
        timeouts: dead ? polls - 3600 : 2,
        crc: 0,
        foreign: 0,
        exceptions: 0,
        rtt_us: { last: 8200, mean: 8450, max: 31_200 },
        last_good: dead ? this.started - 2.4 * HOUR : time,
      },
      attributes: { info_serial: `20${meter.seed}4711` },
      points: meter.points.map((point) => point.id),
    };
  }

  circuits() {
    const feeders = this.feeders.map((meter) => {
      return { name: meter.name, kind: 'feeder', meter: meter.name, parent: 'Main', rated_a: 63 };
    });
    return [{ name: 'Main', kind: 'incomer', meter: 'incomer', parent: null, rated_a: 400 }, ...feeders];
  }
}
