// SPDX-License-Identifier: Apache-2.0
// A curve is what a picture needs of one point: times, means and, when stepped, the band of least and largest values.
// A gap in the data is a null row, never a line across it. A live value grows the curve's last bucket.

import type { HistoryRow } from '../app/types';

export interface Curve {
  /** Milliseconds a row stands for; null when rows are raw samples. */
  step: number | null;
  times: number[];
  mean: (number | null)[];
  min: (number | null)[];
  max: (number | null)[];
  /** Samples in the last bucket: the weight of its mean while it still grows. */
  lastCount: number;
  /** Rows further apart than this have a gap between them. */
  gap_ms: number;
}

const GAP_PERIODS = 2.5;
const LEAST_GAP_MS = 2500;

export function emptyCurve(step: number | null, gap_ms = LEAST_GAP_MS): Curve {
  return { step, times: [], mean: [], min: [], max: [], lastCount: 0, gap_ms };
}

function median(sorted: number[]): number {
  return sorted[sorted.length >> 1] ?? 0;
}

/** A meter polled once a minute leaves no gaps in steps of ten seconds: the usual distance of rows decides. */
export function gapOf(times: number[], step: number | null): number {
  const distances: number[] = [];
  for (let i = 1; i < times.length; i++) distances.push(times[i]! - times[i - 1]!);
  distances.sort((a, b) => a - b);
  return Math.max(GAP_PERIODS * Math.max(step ?? 0, median(distances)), LEAST_GAP_MS);
}

function push(curve: Curve, time: number, mean: number | null, min: number | null, max: number | null): void {
  curve.times.push(time);
  curve.mean.push(mean);
  curve.min.push(min);
  curve.max.push(max);
}

function asNumber(cell: number | string | null | undefined): number | null {
  return typeof cell === 'number' ? cell : null;
}

/** Makes a curve of a history reply's rows; `columns` says what they hold. */
export function curveOf(columns: string[], rows: HistoryRow[], step: number | null): Curve {
  const at = (name: string): number => columns.indexOf(name);
  const value = at('value') >= 0 ? at('value') : at('mean');
  const low = at('min') >= 0 ? at('min') : value;
  const high = at('max') >= 0 ? at('max') : value;
  const curve = emptyCurve(
    step,
    gapOf(
      rows.map((row) => Number(row[0])),
      step,
    ),
  );
  for (const row of rows) {
    const time = Number(row[0]);
    const before = curve.times[curve.times.length - 1];
    if (before !== undefined && time - before > curve.gap_ms) push(curve, before + 1, null, null, null);
    push(curve, time, asNumber(row[value]), asNumber(row[low]), asNumber(row[high]));
  }
  const last = rows[rows.length - 1];
  curve.lastCount = (last && at('count') >= 0 && asNumber(last[at('count')])) || 1;
  return curve;
}

function least(a: number | null, b: number): number {
  return a === null ? b : Math.min(a, b);
}

function largest(a: number | null, b: number): number {
  return a === null ? b : Math.max(a, b);
}

function widenLast(curve: Curve, value: number): void {
  const i = curve.times.length - 1;
  const mean = curve.mean[i] ?? null;
  curve.mean[i] = mean === null ? value : mean + (value - mean) / (curve.lastCount + 1);
  curve.min[i] = least(curve.min[i] ?? null, value);
  curve.max[i] = largest(curve.max[i] ?? null, value);
  curve.lastCount++;
}

/** Adds a live value; returns whether it changed the curve. Older than the last row: left to the next reading. */
export function grow(curve: Curve, time: number, value: number | null): boolean {
  const slot = curve.step === null ? time : Math.floor(time / curve.step) * curve.step;
  const last = curve.times[curve.times.length - 1];
  if (last !== undefined && slot < last) return false;
  if (last !== undefined && slot === last) {
    if (value === null || curve.step === null) return false;
    widenLast(curve, value);
    return true;
  }
  if (last !== undefined && slot - last > curve.gap_ms) push(curve, last + 1, null, null, null);
  push(curve, slot, value, value, value);
  curve.lastCount = value === null ? 0 : 1;
  return true;
}

/** Drops rows before `from`, keeping one so that the line still enters the picture from its edge. */
export function trim(curve: Curve, from: number): void {
  let keep = 0;
  while (keep + 1 < curve.times.length && curve.times[keep + 1]! < from) keep++;
  if (keep === 0) return;
  for (const column of [curve.times, curve.mean, curve.min, curve.max]) column.splice(0, keep);
}

/** The sum of several curves of one step. Its band would be a guess, so it has none: min and max follow the mean. */
export function sumCurves(curves: Curve[], step: number | null): Curve {
  if (curves.length === 1) return curves[0]!;
  const sums = new Map<number, number>();
  let gap = LEAST_GAP_MS;
  for (const curve of curves) {
    gap = Math.max(gap, curve.gap_ms);
    curve.times.forEach((time, i) => {
      const value = curve.mean[i];
      if (typeof value === 'number') sums.set(time, (sums.get(time) ?? 0) + value);
    });
  }
  const rows = [...sums].sort((a, b) => a[0] - b[0]);
  const total = curveOf(['time', 'mean'], rows, step);
  total.gap_ms = gap;
  return total;
}

export interface Summary {
  min: number | null;
  max: number | null;
  mean: number | null;
  /** When the largest value was seen. */
  peak: number | null;
}

/** Figures of the part of a curve between two times. */
export function summarise(curve: Curve, from: number, to: number): Summary {
  let min: number | null = null;
  let max: number | null = null;
  let peak: number | null = null;
  let sum = 0;
  let count = 0;
  curve.times.forEach((time, i) => {
    const mean = curve.mean[i];
    if (time < from || time > to || typeof mean !== 'number') return;
    min = least(min, curve.min[i] ?? mean);
    const high = curve.max[i] ?? mean;
    if (max === null || high > max) {
      max = high;
      peak = time;
    }
    sum += mean;
    count++;
  });
  return { min, max, mean: count ? sum / count : null, peak };
}

/** The value in force at a time: that of the last row before it. */
export function valueAt(curve: Curve, time: number): number | null {
  let low = 0;
  let high = curve.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (curve.times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? null : (curve.mean[low - 1] ?? null);
}
