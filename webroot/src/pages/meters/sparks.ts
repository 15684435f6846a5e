// SPDX-License-Identifier: Apache-2.0
// The last minutes of each meter's power, small: one reading for all, then live values in buckets of some seconds.

import { signal, type Signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { gatewayNow } from '../../app/clock';
import { resync } from '../../app/feed';
import { readCurves } from '../../app/history';
import { onValues, type Meter, type Point } from '../../app/model';
import { emptyCurve, grow, trim, type Curve } from '../../data/curve';
import { SITE_POWER } from '../../data/supply';
import { sparkPath } from '../../ui/Sparkline';

const SPAN_MS = 5 * 60_000;
const STEP_MS = 5000;

export type Sparks = Map<string, Signal<string>>;

function draw(sparks: Sparks, points: Point[], curves: Map<number, Curve>): void {
  const to = gatewayNow();
  for (const point of points) {
    const curve = curves.get(point.id);
    const path = sparks.get(point.meter);
    if (curve && path) path.value = sparkPath(curve.times, curve.mean, to - SPAN_MS, to);
  }
}

export function useSparks(meters: Meter[]): Sparks {
  const points = meters.flatMap((meter) => meter.points.get(SITE_POWER) ?? []);
  const key = points.map((point) => point.id).join(',');
  const sparks = useMemo<Sparks>(() => new Map(points.map((point) => [point.meter, signal('')])), [key]);

  useEffect(() => {
    const over = new AbortController();
    let curves = new Map(points.map((point) => [point.id, emptyCurve(STEP_MS)]));
    const to = gatewayNow();
    readCurves(points, { from: to - SPAN_MS, to, step: STEP_MS }, over.signal).then(
      (read) => {
        curves = read;
        draw(sparks, points, curves);
      },
      () => {},
    );
    const end = onValues((changed) => {
      for (const point of changed) {
        const { time, value } = point.sample.peek();
        const curve = curves.get(point.id);
        if (!curve || time === null || !grow(curve, time, value)) continue;
        trim(curve, time - SPAN_MS);
      }
    });
    const timer = setInterval(() => document.hidden || draw(sparks, points, curves), STEP_MS);
    return () => {
      over.abort();
      end();
      clearInterval(timer);
    };
  }, [key, resync.value]);
  return sparks;
}
