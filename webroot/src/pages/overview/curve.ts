// SPDX-License-Identifier: Apache-2.0
// The site's power over time: read once, then grown by every live value.

import { useEffect, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../app/api';
import { gatewayNow } from '../../app/clock';
import { resync } from '../../app/feed';
import { readCurves, readHistory } from '../../app/history';
import { onValues, type Meter, type Point } from '../../app/model';
import { emptyCurve, grow, sumCurves, trim, type Curve } from '../../data/curve';
import { STEPS } from '../../data/steps';
import { total } from '../../data/supply';

export const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;

/** Sums need each meter in each step: no finer than twice the slowest meter's period. */
export function stepFor(meters: Meter[], least_ms: number): number {
  const slowest = Math.max(0, ...meters.map((meter) => meter.info.peek().every_ms?.fast ?? 0));
  const wanted = Math.max(least_ms, 2 * slowest);
  return STEPS.find((step) => step >= wanted) ?? wanted;
}

export interface Reading {
  curve: Curve;
  loaded: boolean;
  problem: Problem | null;
}

function growBy(points: Point[], curve: Curve, keep_ms: number): () => void {
  const ids = new Set(points.map((point) => point.id));
  return onValues((changed) => {
    if (!changed.some((point) => ids.has(point.id))) return;
    const samples = points.map((point) => point.sample.peek());
    const time = Math.max(...samples.map((sample) => sample.time ?? 0));
    grow(curve, time, total(samples.map((sample) => sample.value)).sum);
    trim(curve, time - keep_ms);
  });
}

export interface Asked {
  from: number;
  /** Where it ends in the past; absent, it ends now and lives on. */
  to?: number;
  step: number;
  /** What a living curve keeps behind it; absent, all. */
  keep_ms?: number;
}

/** The sum of some points over time; of no points, an empty curve that costs nothing. */
export function usePowerCurve(points: Point[], { from, to, step, keep_ms = Infinity }: Asked): Reading {
  const [reading, setReading] = useState<Reading>({ curve: emptyCurve(step), loaded: false, problem: null });
  const key = points.map((point) => point.id).join(',');

  useEffect(() => {
    const over = new AbortController();
    readCurves(points, { from, to: to ?? gatewayNow(), step }, over.signal).then(
      (curves) => setReading({ curve: sumCurves([...curves.values()], step), loaded: true, problem: null }),
      (error) => {
        if (!over.signal.aborted)
          setReading({ curve: emptyCurve(step), loaded: true, problem: asProblem(error) });
      },
    );
    return () => over.abort();
  }, [key, from, to, step, resync.value]);

  useEffect(() => {
    return to === undefined ? growBy(points, reading.curve, keep_ms) : undefined;
  }, [reading.curve, key, to]);
  return reading;
}

export interface CounterStart {
  value: number;
  time: number;
}

/** Where today's counters stood at their first reading of the day, by point. */
export function useCounterStarts(points: Point[], dayStart: number): Map<number, CounterStart> {
  const [starts, setStarts] = useState(new Map<number, CounterStart>());
  const key = points.map((point) => point.id).join(',');
  useEffect(() => {
    if (points.length === 0) return;
    const over = new AbortController();
    readHistory(points, { from: dayStart, to: gatewayNow(), step: QUARTER_MS }, over.signal).then(
      (reply) => {
        const at = reply.columns.indexOf('first');
        const found = new Map<number, CounterStart>();
        for (const { point, rows } of reply.series) {
          const first = rows.find((row) => typeof row[at] === 'number');
          if (first) found.set(point, { value: Number(first[at]), time: Number(first[0]) });
        }
        setStarts(found);
      },
      () => {},
    );
    return () => over.abort();
  }, [key, dayStart, resync.value]);
  return starts;
}
