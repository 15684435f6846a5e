// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CircuitInfo, MeterInfo } from '../src/app/types';
import { grouped, matches, sorted } from '../src/data/list';
import { advise, isLongEnough } from '../src/data/password';
import { diagramOf, lagOf, normalise, tip, type PhaseReading, type Three } from '../src/data/phasor';
import { partsOf, PHASE_ROWS } from '../src/data/quantity';
import { largestOf, supplyOf, total } from '../src/data/supply';
import { sparkPath, SPARK_HEIGHT, SPARK_WIDTH } from '../src/ui/Sparkline';

const meter = (name: string, line: string | null = 'panel') => ({ name, line }) as MeterInfo;
const circuit = (kind: string, name: string | null, rated_a: number | null = 400): CircuitInfo => {
  return { name: `${kind} ${name}`, kind, meter: name, parent: null, rated_a };
};

test('incomers measure the site', () => {
  const meters = [meter('a'), meter('b'), meter('c')];
  const circuits = [circuit('incomer', 'a'), circuit('incomer', 'b', 100), circuit('feeder', 'c')];
  assert.deepEqual(supplyOf(circuits, meters), { meters: ['a', 'b'], known: true, rated_a: 500 });
});

test('an unknown rating of one incomer leaves the whole unknown', () => {
  const found = supplyOf([circuit('incomer', 'a'), circuit('incomer', 'b', null)], [meter('a'), meter('b')]);
  assert.equal(found.rated_a, null);
});

test('without an incomer that is measured, all physical meters add up', () => {
  const meters = [meter('a'), meter('b'), meter('sum', null)];
  for (const circuits of [
    [],
    [circuit('incomer', null)],
    [circuit('incomer', 'gone')],
    [circuit('feeder', 'a')],
  ]) {
    assert.deepEqual(supplyOf(circuits, meters), { meters: ['a', 'b'], known: false, rated_a: null });
  }
  assert.deepEqual(supplyOf([], [meter('sum', null)]).meters, ['sum']);
});

test('a sum says what it misses', () => {
  assert.deepEqual(total([1, null, 2]), { sum: 3, missing: 1 });
  assert.deepEqual(total([null]), { sum: null, missing: 1 });
  assert.deepEqual(total([]), { sum: null, missing: 0 });
});

test('the largest come first, by size', () => {
  const values: Record<string, number | null> = { a: 1, b: -9, c: null, d: 5 };
  const names = largestOf(Object.keys(values), (name) => values[name] ?? null, 2).map((row) => row.item);
  assert.deepEqual(names, ['b', 'd']);
});

test('a current lags by the angle of its powers', () => {
  const base = { voltage: 230, current: 5, active: null, reactive: null, factor: null };
  const near = (value: number | null, wanted: number) => assert.ok(Math.abs((value ?? NaN) - wanted) < 1e-9);
  near(lagOf({ ...base, active: 100, reactive: 100 }), 45);
  near(lagOf({ ...base, active: 100, reactive: -100 }), -45);
  near(lagOf({ ...base, active: -100, reactive: 0 }), 180);
  near(lagOf({ ...base, factor: 0.5 }), 60);
  assert.equal(lagOf({ ...base, active: 0, reactive: 0, factor: null }), null);
  assert.equal(lagOf({ ...base, factor: 1.2 }), null);
});

const FULL: PhaseReading = { voltage: 230, current: 5, active: 100, reactive: 0, factor: 1 };
const NO_LINES: Three<null> = [null, null, null];

test('phasors of the phases that there are', () => {
  const phases = { l1: FULL, l2: { ...FULL, current: null }, l3: { ...FULL, voltage: null } };
  const found = diagramOf({ phases, between: NO_LINES });
  assert.equal(found.basis, 'even');
  assert.deepEqual(
    found.voltages.map(({ name, angle }) => [name, angle]),
    [
      ['L1', 0],
      ['L2', -120],
    ],
  );
  assert.deepEqual(
    found.currents.map(({ name, angle }) => [name, angle]),
    [
      ['L1', 0],
      ['L3', 120],
    ],
  );
  assert.deepEqual([normalise(190), normalise(-190), normalise(540), normalise(-180)], [-170, 170, 180, 180]);
});

const rounded = (angles: (number | null)[]): (number | null)[] =>
  angles.map((angle) => (angle === null ? null : Math.round(angle)));

test('angles that the meter gives are drawn', () => {
  const phases = {
    l1: { ...FULL, voltageAngle: 0, lag: 30 },
    l2: { ...FULL, voltageAngle: 118 },
    l3: { ...FULL, voltageAngle: 241 },
  };
  const found = diagramOf({ phases, between: NO_LINES });
  assert.equal(found.basis, 'meter');
  assert.deepEqual(rounded(found.voltages.map(({ angle }) => angle)), [0, 118, -119]);
  assert.equal(found.currents[0]!.angle, -30);
});

test('voltages to neutral and between phases make a triangle', () => {
  const at = (size: number, degrees: number) => {
    const turn = (degrees * Math.PI) / 180;
    return { x: size * Math.cos(turn), y: size * Math.sin(turn) };
  };
  const tips = [at(230, 0), at(200, -110), at(240, 125)];
  const between = [0, 1, 2].map((i) => {
    const next = tips[(i + 1) % 3]!;
    return Math.hypot(tips[i]!.x - next.x, tips[i]!.y - next.y);
  }) as Three<number>;
  const phases = { l1: FULL, l2: { ...FULL, voltage: 200 }, l3: { ...FULL, voltage: 240 } };
  const found = diagramOf({ phases, between });
  assert.equal(found.basis, 'triangle');
  assert.deepEqual(rounded(found.voltages.map(({ angle }) => angle)), [0, -110, 125]);
  assert.equal(diagramOf({ phases, between: [10, 400, 400] }).basis, 'even');
});

test('without a neutral the voltages between the phases are drawn', () => {
  const bare = { ...FULL, voltage: null, active: null, reactive: null, factor: null };
  const phases = { l1: bare, l2: { ...bare, current: null }, l3: bare };
  const total = { active: 100, reactive: 100, factor: null };
  const found = diagramOf({ phases, between: [400, 400, 400], total });
  assert.equal(found.basis, 'between');
  assert.deepEqual(found.voltages.map(({ name }) => name).join(), 'L1–L2,L2–L3,L3–L1');
  assert.deepEqual(rounded(found.voltages.map(({ angle }) => angle)), [30, -90, 150]);
  assert.deepEqual(rounded(found.currents.map(({ angle }) => angle)), [-45, 75]);
  assert.deepEqual(diagramOf({ phases, between: NO_LINES }).voltages, []);
});

test('the reference axis points up', () => {
  const { x, y } = tip(0, 10);
  assert.ok(Math.abs(x) < 1e-9 && Math.abs(y + 10) < 1e-9);
});

test('a quantity’s name tells what and where', () => {
  const cases: [string, string, string][] = [
    ['active_power_l1', 'active_power', 'L1'],
    ['active_power_total', 'active_power', 'total'],
    ['voltage_l1_n', 'voltage', 'L1–N'],
    ['voltage_l3_l1', 'voltage', 'L3–L1'],
    ['voltage_ln_avg', 'voltage', 'L–N'],
    ['voltage_ll_avg', 'voltage', 'L–L'],
    ['current_n', 'current', 'N'],
    ['current_avg', 'current', 'avg'],
    ['active_energy_import_partial', 'active_energy_import', 'partial'],
    ['frequency', 'frequency', ''],
  ];
  for (const [name, stem, place] of cases) assert.deepEqual(partsOf(name), { stem, place }, name);
  assert.deepEqual(PHASE_ROWS[1]!.cells.slice(0, 3), [
    ['voltage_l1_l2'],
    ['voltage_l2_l3'],
    ['voltage_l3_l1'],
  ]);
});

test('passwords are advised on', () => {
  const cases: [string, string, string][] = [
    ['', 'anna', 'short'],
    ['short one', 'anna', 'short'],
    ['aaaaaaaaaaaaaaaaaaaa', 'anna', 'repeats'],
    ['abcdefghijklmnopqrst', 'anna', 'sequence'],
    ['annaannaanna-x7Qp', 'anna', 'name'],
    ['orange tractor 77', 'anna', 'good'],
    ['correct horse battery staple', 'anna', 'strong'],
  ];
  for (const [password, name, hint] of cases) assert.equal(advise(password, name).hint, hint, password);
  assert.equal(advise('12 characters', '').missing, 2);
  assert.equal(isLongEnough('fourteen chars'), false);
  assert.equal(isLongEnough('fifteen chars..'), true);
  assert.equal(isLongEnough('🔌'.repeat(14)), false);
});

test('a filter knows words, accents and case', () => {
  assert.ok(matches('', 'anything'));
  assert.ok(matches('HALLE press', 'Pressé, halle 1'));
  assert.ok(matches('energie', 'Énergie active'));
  assert.ok(!matches('press hall2', 'press hall 1'));
});

test('sorting puts what is missing last', () => {
  const items = [
    { n: 'm10', v: 5 },
    { n: 'm2', v: null },
    { n: 'm1', v: 9 },
  ];
  const by = (direction: 'ascending' | 'descending') =>
    sorted(items, (item) => item.v, direction, 'en').map((item) => item.n);
  assert.deepEqual(by('ascending'), ['m10', 'm1', 'm2']);
  assert.deepEqual(by('descending'), ['m1', 'm10', 'm2']);
  assert.deepEqual(
    sorted(items, (item) => item.n, 'ascending', 'en').map((item) => item.n),
    ['m1', 'm2', 'm10'],
  );
});

test('groups are named in order, those without a name last', () => {
  const groups = grouped(['b1', 'x', 'a1', 'b2'], (item) => (item === 'x' ? '' : item[0]!), 'en');
  assert.deepEqual(
    groups.map((group) => [group.name, group.items.join()]),
    [
      ['a', 'a1'],
      ['b', 'b1,b2'],
      ['', 'x'],
    ],
  );
});

test('a sparkline lifts its pen at a gap and stays in its box', () => {
  const path = sparkPath([0, 1, 2, 3, 4], [10, 20, null, 15, 12], 0, 4);
  assert.equal(path.match(/M/g)?.length, 2);
  for (const [, x, y] of path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
    assert.ok(Number(x) <= SPARK_WIDTH && Number(y) <= SPARK_HEIGHT);
  }
  assert.equal(sparkPath([0, 1], [1, null], 0, 1), '');
  assert.equal(sparkPath([], [], 0, 1), '');
});
