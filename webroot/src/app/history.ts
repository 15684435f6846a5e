// SPDX-License-Identifier: Apache-2.0
// Curves read from the gateway's history.

import { get } from './api';
import type { Point } from './model';
import type { HistoryReply } from './types';
import { curveOf, emptyCurve, type Curve } from '../data/curve';
import { alignDown } from '../data/steps';

export interface Stretch {
  from: number;
  to: number;
  step: number | null;
}

function query(points: Point[], { from, to, step }: Stretch): string {
  const asked = new URLSearchParams({
    points: points.map((point) => point.id).join(','),
    from: String(alignDown(Math.floor(from), step)),
    to: String(Math.ceil(to)),
  });
  if (step !== null) asked.set('step', String(step));
  return asked.toString().replaceAll('%2C', ',');
}

export function readHistory(points: Point[], stretch: Stretch, signal?: AbortSignal): Promise<HistoryReply> {
  return get<HistoryReply>(`/history?${query(points, stretch)}`, signal);
}

/** A curve for each point, by id; empty where the history knows nothing. */
export async function readCurves(
  points: Point[],
  stretch: Stretch,
  signal?: AbortSignal,
): Promise<Map<number, Curve>> {
  const curves = new Map(points.map((point) => [point.id, emptyCurve(stretch.step)]));
  if (points.length === 0) return curves;
  const reply = await readHistory(points, stretch, signal);
  for (const series of reply.series)
    curves.set(series.point, curveOf(reply.columns, series.rows, stretch.step));
  return curves;
}
