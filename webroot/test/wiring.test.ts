// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhaseReading, Three } from '../src/data/phasor';
import { checkWiring, type Finding, type WiringReading } from '../src/data/wiring';

const VOLT = 230;
const RADIANS = Math.PI / 180;

interface Connection {
  /** Which conductor each input's transformer sits on, 0 to 2. */
  on?: Three<number>;
  reversed?: Three<boolean>;
  lags?: Three<number>;
  amperes?: Three<number>;
}

/** What a meter shows of a real connection: each input sees its own voltage and the current of some conductor. */
function connected({ on = [0, 1, 2], reversed, lags = [20, 25, 30], amperes = [20, 22, 25] }: Connection) {
  const phase = (i: number): PhaseReading => {
    const conductor = on[i]!;
    const turn = reversed?.[i] ? 180 : 0;
    const behind = -120 * i - (-120 * conductor - lags[conductor]!) + turn;
    const current = amperes[conductor]!;
    return {
      voltage: VOLT,
      current,
      active: VOLT * current * Math.cos(behind * RADIANS),
      reactive: VOLT * current * Math.sin(behind * RADIANS),
      factor: null,
    };
  };
  return reading({ l1: phase(0), l2: phase(1), l3: phase(2) });
}

function reading(phases: WiringReading['phases'], more: Partial<WiringReading> = {}): WiringReading {
  return { phases, between: [400, 400, 400], rated_a: 63, generator: false, ...more };
}

const said = (found: Finding[], check: Finding['check']): string => {
  const one = found.find((row) => row.check === check);
  return one ? `${one.verdict} ${one.text}${one.phases ? ` ${one.phases}` : ''}` : '';
};
const currents = (connection: Connection): string => said(checkWiring(connected(connection)), 'currents');

test('a right connection is right, whatever the loads', () => {
  for (const lags of [
    [0, 0, 0],
    [20, 25, 30],
    [60, 60, 60],
    [-30, -20, 10],
    [0, 35, 60],
  ] as Three<number>[]) {
    assert.equal(currents({ lags }), 'good good', String(lags));
  }
});

test('a current transformer the wrong way round is named', () => {
  for (const lag of [5, 20, 45]) {
    const lags: Three<number> = [lag, lag + 5, lag - 5];
    assert.equal(currents({ lags, reversed: [true, false, false] }), 'bad reversed L1', String(lag));
    assert.equal(currents({ lags, reversed: [false, false, true] }), 'bad reversed L3', String(lag));
    assert.equal(currents({ lags, reversed: [true, true, false] }), 'bad reversed L1, L2', String(lag));
  }
});

test('currents on the wrong phase are named', () => {
  const cases: [Three<number>, string][] = [
    [[1, 0, 2], 'bad moved L1, L2'],
    [[2, 1, 0], 'bad moved L1, L3'],
    [[0, 2, 1], 'bad moved L2, L3'],
    [[1, 2, 0], 'bad moved L1, L2, L3'],
    [[2, 0, 1], 'bad moved L1, L2, L3'],
  ];
  for (const [on, wanted] of cases) assert.equal(currents({ on }), wanted, String(on));
});

test('all three reversed look like a generator, which is right only for one', () => {
  const whole = connected({ reversed: [true, true, true] });
  assert.equal(said(checkWiring(whole), 'currents'), 'warn export');
  assert.equal(said(checkWiring({ ...whole, generator: true }), 'currents'), 'good export');
});

test('below 5 % load nothing is said', () => {
  const found = checkWiring(connected({ amperes: [2, 1, 3], reversed: [true, false, false] }));
  assert.equal(said(found, 'currents'), 'unknown idle');
  assert.equal(said(found, 'balance'), 'unknown idle');
  const unrated = { ...connected({ amperes: [2, 1, 3] }), rated_a: null };
  assert.equal(said(checkWiring(unrated), 'currents'), 'good good');
  assert.equal(said(checkWiring({ ...unrated, seen_a: 100 }), 'currents'), 'unknown idle');
});

test('a phase without load says nothing, the others do', () => {
  const connection: Connection = { amperes: [30, 0.5, 25], reversed: [false, true, true] };
  assert.equal(currents(connection), 'bad reversed L3');
});

test('angles that fit no wiring well are not explained away', () => {
  assert.equal(currents({ lags: [20, 110, 20] }), 'warn unclear L1, L2, L3');
});

test('nothing is said of a capacitor bank', () => {
  assert.equal(currents({ lags: [-90, -88, -92] }), 'unknown reactive');
});

test('a site that delivers what the sun gives is not called wrong', () => {
  for (const lags of [
    [180, 178, 182],
    [165, 170, 160],
  ] as Three<number>[]) {
    assert.equal(currents({ lags }), 'warn export', String(lags));
  }
});

test('with active powers alone the signs speak', () => {
  const whole = connected({ reversed: [false, true, false] });
  for (const phase of Object.values(whole.phases)) phase.reactive = null;
  assert.equal(said(checkWiring(whole), 'currents'), 'bad reversed L2');
  whole.phases.l2.active = 1000;
  assert.equal(said(checkWiring(whole), 'currents'), 'good signs');
  for (const phase of Object.values(whole.phases)) phase.active = -1000;
  assert.equal(said(checkWiring(whole), 'currents'), 'warn export');
  for (const phase of Object.values(whole.phases)) phase.active = null;
  assert.equal(said(checkWiring(whole), 'currents'), 'unknown noPowers');
});

function withVoltages(toNeutral: Three<number | null>, between: Three<number | null>): WiringReading {
  const whole = connected({});
  (['l1', 'l2', 'l3'] as const).forEach((phase, i) => (whole.phases[phase].voltage = toNeutral[i]!));
  return { ...whole, between };
}

test('voltages: missing, uneven, two inputs on one conductor', () => {
  const none: Three<null> = [null, null, null];
  const cases: [Three<number | null>, Three<number | null>, string][] = [
    [[230, 231, 229], [400, 399, 401], 'good good'],
    [[230, null, null], none, 'good single'],
    [[230, 3, 229], [231, 229, 401], 'bad missing L2'],
    [[0, 0, 0], [0, 0, 0], 'bad dead'],
    [none, [400, 401, 399], 'good good'],
    [none, [400, 20, 399], 'bad missingBetween L2'],
    [none, none, 'unknown none'],
    [[230, 230, 230], [0.4, 400, 400], 'bad same L1, L2'],
    [[230, 280, 190], none, 'warn uneven'],
  ];
  for (const [toNeutral, between, wanted] of cases) {
    assert.equal(said(checkWiring(withVoltages(toNeutral, between)), 'voltage'), wanted, wanted);
  }
});

test('the order of phases is told only by angles', () => {
  const order = (angles: Three<number | null>): string => {
    const whole = connected({});
    (['l1', 'l2', 'l3'] as const).forEach((phase, i) => (whole.phases[phase].voltageAngle = angles[i]!));
    return said(checkWiring(whole), 'order');
  };
  assert.equal(order([null, null, null]), 'unknown noAngles');
  assert.equal(order([0, -120, 120]), 'good good');
  assert.equal(order([0, 240, 120]), 'good good');
  assert.equal(order([10, 130, 250]), 'bad reversed');
  assert.equal(order([0, 0, 120]), 'warn odd');
  assert.equal(said(checkWiring(withVoltages([230, null, null], [null, null, null])), 'order'), '');
});

test('powers that voltage and current do not give point to a transformer ratio', () => {
  const scaled = (factor: number): string => {
    const whole = connected({});
    for (const phase of Object.values(whole.phases)) {
      phase.active! *= factor;
      phase.reactive! *= factor;
    }
    return said(checkWiring(whole), 'size');
  };
  assert.equal(scaled(1), 'good good');
  assert.equal(scaled(0.8), 'good good');
  assert.equal(scaled(40), 'bad tooLarge');
  assert.equal(scaled(1 / 40), 'bad tooSmall');
  assert.equal(said(checkWiring(connected({ amperes: [400, 400, 400] })), 'size'), 'warn aboveRated');
  assert.equal(said(checkWiring(connected({ amperes: [0, 0, 0] })), 'size'), 'unknown none');
});

test('balance is told of three currents', () => {
  assert.equal(said(checkWiring(connected({})), 'balance'), 'good good');
  assert.equal(said(checkWiring(connected({ amperes: [60, 5, 5] })), 'balance'), 'warn uneven');
  const single = connected({});
  single.phases.l2.current = null;
  assert.equal(said(checkWiring(single), 'balance'), '');
});
