// SPDX-License-Identifier: Apache-2.0
// Curves of single points over a range: raw or stepped as the width asks, read anew when the range changes, grown by
// live values while the range ends now. While a new reading is under way the old curves stay in sight.

import { useEffect, useState } from 'preact/hooks';
import { asProblem, type Problem } from './api';
import { gatewayNow } from './clock';
import { resync } from './feed';
import { readCurves } from './history';
import { catalog, onValues, type Point } from './model';
import { grow, trim, type Curve } from '../data/curve';
import { chooseStep } from '../data/steps';
import { ends, isLive, type Range } from '../data/view';

/** A range that changes under a finger or wheel is read when it rests. */
const REST_MS = 150;
const USUAL_PERIOD_MS = 1000;

export interface Curves {
  byId: Map<number, Curve>;
  step: number | null;
  loading: boolean;
  problem: Problem | null;
}

/** How often the fastest of the points is polled. */
function periodOf(points: Point[]): number {
  const names = new Set(points.map((point) => point.meter));
  const periods = (catalog.peek()?.meters ?? [])
    .filter((meter) => names.has(meter.name))
    .map((meter) => meter.info.peek().every_ms?.fast ?? USUAL_PERIOD_MS);
  return Math.max(1, Math.min(USUAL_PERIOD_MS * 60, ...periods));
}

function rangeKey(range: Range): string {
  return isLive(range) ? `last ${range.last_ms}` : `${range.from} ${range.to}`;
}

function growBy(points: Point[], curves: Map<number, Curve>, keep_ms: number): () => void {
  const wanted = new Set(points.map((point) => point.id));
  return onValues((changed) => {
    for (const point of changed) {
      const curve = wanted.has(point.id) && curves.get(point.id);
      const { time, value } = point.sample.peek();
      if (!curve || time === null || !grow(curve, time, value)) continue;
      trim(curve, time - keep_ms);
    }
  });
}

const NOTHING_YET: Curves = { byId: new Map(), step: null, loading: true, problem: null };

export function useCurves(points: Point[], range: Range, width: number): Curves {
  const [curves, setCurves] = useState(NOTHING_YET);
  const key = points.map((point) => point.id).join(',');
  const asked = rangeKey(range);

  useEffect(() => {
    const over = new AbortController();
    const read = async (): Promise<void> => {
      const { from, to } = ends(range, gatewayNow());
      const step = chooseStep(to - from, width, periodOf(points));
      try {
        const byId = await readCurves(points, { from, to, step }, over.signal);
        setCurves({ byId, step, loading: false, problem: null });
      } catch (error) {
        if (!over.signal.aborted) setCurves((old) => ({ ...old, loading: false, problem: asProblem(error) }));
      }
    };
    setCurves((old) => ({ ...old, loading: true }));
    const timer = setTimeout(() => void read(), curves === NOTHING_YET ? 0 : REST_MS);
    return () => {
      clearTimeout(timer);
      over.abort();
    };
  }, [key, asked, width, resync.value]);

  useEffect(() => {
    return isLive(range) ? growBy(points, curves.byId, range.last_ms) : undefined;
  }, [key, asked, curves.byId]);
  return curves;
}
