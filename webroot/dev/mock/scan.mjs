// SPDX-License-Identifier: Apache-2.0
// Scans of the made-up plant: units are asked one by one, some answer.

const TURN_MS = 25;
const TELL_MS = 250;

const STRANGERS = {
  21: ['Eastron', 'SDM630-Modbus V2', '21094711', 'eastron_sdm630', 'Eastron SDM630'],
  34: ['Socomec', 'DIRIS B-30', '18-2207-0042', 'socomec_diris_b30', 'Socomec DIRIS B-30', [1, 2, 3]],
  58: ['', '', '', null, ''],
};

function unitsOf(text) {
  const units = new Set();
  for (const part of text.split(',')) {
    const [first, last = first] = part.split('-').map(Number);
    for (let unit = first; unit <= last; unit++) units.add(unit);
  }
  return [...units].sort((a, b) => a - b);
}

const nothing = { make: '', model: '', revision: '', serial: '', answers: [], proposals: [], loads: [], text: '' };

function stranger(unit, settings, names) {
  const [make, model, serial, profile, title, loads = []] = STRANGERS[unit];
  const name = `${profile ? profile.split('_')[1] : 'unit'}-${unit}`;
  return {
    ...nothing,
    unit,
    state: 'found',
    settings,
    make,
    model,
    revision: make && '1.14',
    serial,
    answers: make ? ['43', 'registers'] : ['registers'],
    proposals: profile ? [{ profile, title, score: 97 }] : [],
    loads,
    name,
    every: '1s',
    meter: names.get(unit) ?? null,
    text: '',
  };
}

export class Scans {
  constructor(plant, config) {
    this.plant = plant;
    this.config = config;
    this.list = [];
    this.listeners = new Set();
  }

  start({ line, units, search }) {
    if (this.list.some((scan) => scan.line === line && scan.state === 'running')) return null;
    const known = this.plant.lines(Date.now()).find((one) => one.name === line);
    const settings = known.kind === 'serial' ? (search ? '9600 8E1' : '38400 8N1') : '';
    const scan = {
      line,
      state: 'running',
      text: '',
      started: Date.now(),
      finished: null,
      settings,
      done: 0,
      found: [],
    };
    const asked = unitsOf(units);
    scan.total = asked.length;
    this.list = [scan, ...this.list.filter((one) => one.line !== line)];
    let told = 0;
    const turn = setInterval(() => {
      if (scan.state === 'running' && scan.done < asked.length) this.ask(scan, asked[scan.done++]);
      else if (scan.state === 'running') scan.state = 'done';
      if (scan.state !== 'running') {
        scan.finished = Date.now();
        clearInterval(turn);
      }
      if (scan.state !== 'running' || Date.now() - told > TELL_MS) {
        told = Date.now();
        this.tell(scan);
      }
    }, TURN_MS);
    return scan;
  }

  ask(scan, unit) {
    const names = new Map(
      this.config.sections.meters.filter((one) => one.line === scan.line).map((one) => [one.unit, one.name]),
    );
    const meter = this.plant.meters.find((one) => one.line === scan.line && one.seed === unit);
    if (meter && meter !== this.plant.dead) {
      const { profile, title, name } = meter;
      const [make, ...model] = title.split(' ');
      scan.found.push({
        ...nothing,
        unit,
        state: 'found',
        settings: scan.settings,
        make,
        model: model.join(' '),
        serial: `20${unit}4711`,
        answers: ['17', 'registers'],
        proposals: [{ profile, title, score: 95 }],
        name,
        every: '1s',
        meter: names.get(unit) ?? null,
      });
    } else if (unit in STRANGERS) scan.found.push(stranger(unit, scan.settings, names));
    else if (unit === 42) {
      const text = 'two answers at once: two meters share this address, or noise';
      scan.found.push({ ...nothing, unit, state: 'conflict', settings: scan.settings, name: '', every: '', meter: null, text });
    }
  }

  tell({ line, state, done, total, found, settings }) {
    for (const listener of this.listeners) listener({ line, state, done, total, found: found.length, settings });
  }

  cancel(line) {
    const scan = this.list.find((one) => one.line === line && one.state === 'running');
    if (scan) scan.state = 'cancelled';
    return Boolean(scan);
  }
}
