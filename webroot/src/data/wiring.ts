// SPDX-License-Identifier: Apache-2.0
// Is the meter connected as it should be? From one reading: voltages, direction and phase of each current, size of the
// powers, balance. Says "can't tell" rather than guess: below 5 % load angles mean nothing.
//
// Directions and phases of the currents are found by trying. A current transformer that sits the wrong way round turns
// the angle by 180 degrees, one on the next conductor by 120. Each way of six exchanges and eight directions corrects
// the measured angles; the way that leaves the phases most alike and most like a load, with the fewest faults, is the
// answer, if no other is nearly as good.

import { lagOf, normalise, PHASES, type SystemReading, type Three } from './phasor';

export type Verdict = 'good' | 'warn' | 'bad' | 'unknown';

export interface Finding {
  check: 'voltage' | 'order' | 'currents' | 'size' | 'balance';
  verdict: Verdict;
  /** Names the text: wiring.CHECK.TEXT. */
  text: string;
  /** Blanks of the text. */
  phases: string;
  value: number;
}

export interface WiringReading extends SystemReading {
  /** Rated current of the circuit, A; null when nobody said. */
  rated_a: number | null;
  /** The largest current seen lately, A: what counts as full where there is no rated current. */
  seen_a?: number | null;
  /** A generator delivers; whatever else consumes. */
  generator: boolean;
}

const SILENT = 0.5;
const UNEVEN = 0.1;
const LEAST_LOAD = 0.05;
const LEAST_A = 0.02;
const UNBALANCED = 0.5;
const OVER_RATED = 1.5;
const SIZE_TOLERANCE = 0.1;

/** Degrees that a fault costs against a way without it. Who delivers and has a fault besides is twice as rare. */
const COST = { reversed: 20, exchanged: 20, rotated: 40, export: 30 };
/** Lags that loads have, and the usual one; who delivers may still draw reactive power. A degree beside it costs. */
const LOAD = { least: -5, most: 60, usual: 20 };
const SOURCE = { least: -60, most: 60, usual: 0 };
const UNUSUAL = 0.3;
/** A way that is better by less, or costs more, is not believed. */
const CLEAR = 15;
const FAR = 80;
/** Degrees around a right angle in which a current counts as reactive alone. */
const REACTIVE = 6;
/** Degrees by which loads of one meter may differ and nobody wonders. */
const ALIKE = 40;

const upper = (which: boolean[]): string =>
  PHASES.filter((_, i) => which[i])
    .map((phase) => phase.toUpperCase())
    .join(', ');

function finding(
  check: Finding['check'],
  verdict: Verdict,
  text: string,
  more: Partial<Pick<Finding, 'phases' | 'value'>> = {},
): Finding {
  return { check, verdict, text, phases: '', value: 0, ...more };
}

const valuesOf = (reading: WiringReading, name: 'voltage' | 'current' | 'active' | 'reactive') =>
  PHASES.map((phase) => reading.phases[phase][name]) as Three<number | null>;

/** Two phases that show a voltage to neutral and none between them hang on the same conductor. */
function onSameConductor(toNeutral: Three<number | null>, between: Three<number | null>): boolean[] | null {
  for (let i = 0; i < 3; i++) {
    const next = (i + 1) % 3;
    const [a, b, ab] = [toNeutral[i]!, toNeutral[next]!, between[i]!];
    if (a === null || b === null || ab === null) continue;
    if (a > 0 && b > 0 && ab < 0.3 * Math.min(a, b)) return [0, 1, 2].map((at) => at === i || at === next);
  }
  return null;
}

function checkVoltages(reading: WiringReading): Finding {
  const toNeutral = valuesOf(reading, 'voltage');
  const hasNeutral = toNeutral.some((value) => value !== null);
  const voltages = hasNeutral ? toNeutral : reading.between;
  const there = voltages.filter((value): value is number => value !== null);
  if (there.length === 0) return finding('voltage', 'unknown', 'none');
  const most = Math.max(...there);
  if (most <= 0) return finding('voltage', 'bad', 'dead');
  const silent = voltages.map((value) => value !== null && value < SILENT * most);
  if (silent.some(Boolean)) {
    const text = hasNeutral ? 'missing' : 'missingBetween';
    return finding('voltage', 'bad', text, { phases: upper(silent) });
  }
  const same = onSameConductor(toNeutral, reading.between);
  if (same) return finding('voltage', 'bad', 'same', { phases: upper(same) });
  const mean = there.reduce((sum, value) => sum + value, 0) / there.length;
  const spread = Math.max(...there.map((value) => Math.abs(value - mean))) / mean;
  if (spread > UNEVEN) return finding('voltage', 'warn', 'uneven', { value: spread });
  return finding('voltage', 'good', there.length === 1 ? 'single' : 'good');
}

function checkOrder(reading: WiringReading): Finding | null {
  const voltages = hasThree(valuesOf(reading, 'voltage')) || hasThree(reading.between);
  if (!voltages) return null;
  const angles = PHASES.map((phase) => reading.phases[phase].voltageAngle ?? null);
  if (!hasThree(angles)) return finding('order', 'unknown', 'noAngles');
  const second = normalise(angles[1]! - angles[0]!);
  const third = normalise(angles[2]! - angles[0]!);
  const near = (angle: number, wanted: number): boolean => Math.abs(normalise(angle - wanted)) < 30;
  if (near(second, -120) && near(third, 120)) return finding('order', 'good', 'good');
  if (near(second, 120) && near(third, -120)) return finding('order', 'bad', 'reversed');
  return finding('order', 'warn', 'odd');
}

function hasThree(values: (number | null)[]): boolean {
  return values.every((value) => value !== null);
}

/** Phases whose current says something: 5 % of the rated current, else of the largest current that was seen. */
function loadedPhases(reading: WiringReading): boolean[] {
  const currents = valuesOf(reading, 'current').map((value) => Math.abs(value ?? 0));
  const full = reading.rated_a ?? Math.max(reading.seen_a ?? 0, ...currents);
  return currents.map((current) => current >= Math.max(LEAST_LOAD * full, LEAST_A));
}

const EXCHANGES: { to: Three<number>; cost: number }[] = [
  { to: [0, 1, 2], cost: 0 },
  { to: [1, 0, 2], cost: COST.exchanged },
  { to: [2, 1, 0], cost: COST.exchanged },
  { to: [0, 2, 1], cost: COST.exchanged },
  { to: [1, 2, 0], cost: COST.rotated },
  { to: [2, 0, 1], cost: COST.rotated },
];

interface Way {
  moved: boolean[];
  reversed: boolean[];
  exporting: boolean;
  cost: number;
}

/** How far the phases of one meter are from being alike, and from lags that there are. */
function strangeness(lags: number[], { least, most, usual }: typeof LOAD): number {
  const apart = lags.flatMap((one) => lags.map((other) => Math.abs(normalise(one - other))));
  const beyond = lags.map((lag) => {
    return Math.max(least - lag, lag - most, 0) + UNUSUAL * Math.abs(lag - usual);
  });
  return Math.max(Math.max(...apart) - ALIKE, 0) + beyond.reduce((sum, one) => sum + one, 0);
}

function flowCost(exporting: boolean, faults: number, isGenerator: boolean): number {
  if (!exporting || isGenerator) return 0;
  return faults > 0 ? 2 * COST.export : COST.export;
}

/** Every way in which the currents may be connected, the likeliest first. Null marks a phase without load. */
function waysOf(lags: Three<number | null>, isGenerator: boolean): Way[] {
  const ways: Way[] = [];
  const three = [0, 1, 2];
  for (const { to, cost } of EXCHANGES) {
    for (let turned = 0; turned < 16; turned++) {
      const exporting = (turned & 8) !== 0;
      const reversed = three.map((i) => (turned & (1 << i)) !== 0);
      if (three.some((i) => reversed[i] && lags[i] === null)) continue;
      // All of them the wrong way round is the same as delivering.
      if (three.every((i) => reversed[i] || lags[i] === null)) continue;
      const right = three.flatMap((i) => {
        if (lags[i] === null) return [];
        // A transformer on conductor j makes the current lag by 120 degrees more for each step from i to j.
        const shift = 120 * (to[i]! - i) + (reversed[i] ? 180 : 0) + (exporting ? 180 : 0);
        return [normalise(lags[i]! - shift)];
      });
      const faults = cost + COST.reversed * reversed.filter(Boolean).length;
      ways.push({
        moved: to.map((j, i) => j !== i),
        reversed,
        exporting,
        cost: faults + flowCost(exporting, faults, isGenerator) + strangeness(right, exporting ? SOURCE : LOAD),
      });
    }
  }
  return ways.sort((a, b) => a.cost - b.cost);
}

const isSame = (a: Way, b: Way): boolean =>
  String(a.moved) === String(b.moved) && String(a.reversed) === String(b.reversed);

/** Without reactive powers only the signs of the active ones speak. */
function checkSigns(reading: WiringReading, loaded: boolean[]): Finding {
  const active = valuesOf(reading, 'active');
  const back = active.map((power, i) => loaded[i]! && power !== null && power < 0);
  const known = active.filter((power, i) => loaded[i] && power !== null).length;
  if (known === 0) return finding('currents', 'unknown', 'noPowers');
  const count = back.filter(Boolean).length;
  if (count === 0) return finding('currents', 'good', 'signs');
  if (count === known) return finding('currents', reading.generator ? 'good' : 'warn', 'export');
  return finding('currents', 'bad', 'reversed', { phases: upper(back) });
}

function describe(best: Way, reading: WiringReading): Finding {
  const moved = best.moved.some(Boolean);
  const reversed = best.reversed.some(Boolean);
  if (moved && reversed)
    return finding('currents', 'bad', 'movedReversed', {
      phases: upper(best.moved.map((one, i) => one || best.reversed[i]!)),
    });
  if (moved) return finding('currents', 'bad', 'moved', { phases: upper(best.moved) });
  if (reversed) return finding('currents', 'bad', 'reversed', { phases: upper(best.reversed) });
  if (best.exporting) return finding('currents', reading.generator ? 'good' : 'warn', 'export');
  return finding('currents', 'good', 'good');
}

/** A capacitor bank or an idle motor: what another load would show on the wrong phase. */
const isReactive = (lag: number): boolean => Math.abs(Math.abs(lag) - 90) < REACTIVE;

function checkCurrents(reading: WiringReading): Finding {
  const currents = valuesOf(reading, 'current');
  if (currents.every((value) => value === null)) return finding('currents', 'unknown', 'none');
  const loaded = loadedPhases(reading);
  if (!loaded.some(Boolean)) return finding('currents', 'unknown', 'idle');
  const lags = PHASES.map((phase, i) => {
    const { reactive, lag = null } = reading.phases[phase];
    // The power factor alone does not tell whether the current lags or leads.
    return loaded[i] && (reactive !== null || lag !== null) ? lagOf(reading.phases[phase]) : null;
  }) as Three<number | null>;
  if (lags.every((lag) => lag === null)) return checkSigns(reading, loaded);
  if (lags.every((lag) => lag === null || isReactive(lag))) return finding('currents', 'unknown', 'reactive');
  const ways = waysOf(lags, reading.generator);
  const best = ways[0]!;
  const other = ways.find((way) => !isSame(way, best))!;
  const isRight = !best.moved.some(Boolean) && !best.reversed.some(Boolean);
  if (best.cost > FAR || (!isRight && other.cost - best.cost < CLEAR))
    return finding('currents', 'warn', 'unclear', { phases: upper(loaded) });
  return describe(best, reading);
}

/** Powers must be what voltage times current gives, else a transformer ratio stands in one place and not in the other. */
function checkSize(reading: WiringReading): Finding {
  const loaded = loadedPhases(reading);
  const ratios = PHASES.flatMap((phase, i) => {
    const { voltage, current, active, reactive } = reading.phases[phase];
    if (!loaded[i] || !voltage || !current || active === null) return [];
    return [Math.hypot(active, reactive ?? 0) / (voltage * Math.abs(current))];
  });
  const currents = valuesOf(reading, 'current').map((value) => Math.abs(value ?? 0));
  const most = Math.max(...currents);
  if (reading.rated_a !== null && most > OVER_RATED * reading.rated_a)
    return finding('size', 'warn', 'aboveRated', { value: most / reading.rated_a });
  if (ratios.length === 0) return finding('size', 'unknown', 'none');
  const ratio = ratios.reduce((sum, one) => sum + one, 0) / ratios.length;
  if (ratio > 1 + SIZE_TOLERANCE) return finding('size', 'bad', 'tooLarge', { value: ratio });
  // Distortion and a power factor without reactive power make powers smaller, never a whole ratio smaller.
  if (ratio < 0.1) return finding('size', 'bad', 'tooSmall', { value: 1 / Math.max(ratio, 1e-6) });
  return finding('size', 'good', 'good');
}

function checkBalance(reading: WiringReading): Finding | null {
  const currents = valuesOf(reading, 'current');
  if (!hasThree(currents)) return null;
  const sizes = currents.map((value) => Math.abs(value!));
  const mean = sizes.reduce((sum, one) => sum + one, 0) / 3;
  if (!loadedPhases(reading).some(Boolean)) return finding('balance', 'unknown', 'idle');
  const spread = Math.max(...sizes.map((size) => Math.abs(size - mean))) / mean;
  const text = spread > UNBALANCED ? 'uneven' : 'good';
  return finding('balance', spread > UNBALANCED ? 'warn' : 'good', text, { value: spread });
}

export function checkWiring(reading: WiringReading): Finding[] {
  const checks = [checkVoltages, checkOrder, checkCurrents, checkSize, checkBalance];
  return checks.flatMap((check) => check(reading) ?? []);
}
