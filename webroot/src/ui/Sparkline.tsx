// SPDX-License-Identifier: Apache-2.0
// A curve as small as a word; decoration beside the value that says the same in figures.

import type { ReadonlySignal } from '@preact/signals';

export const SPARK_WIDTH = 100;
export const SPARK_HEIGHT = 28;
const EDGE = 2;

/** The path of a curve between two times; a gap lifts the pen. Empty when there is nothing to draw. */
export function sparkPath(times: number[], values: (number | null)[], from: number, to: number): string {
  const seen = values.filter((value, i): value is number => value !== null && times[i]! >= from);
  if (seen.length < 2) return '';
  const low = Math.min(...seen);
  // A curve that hardly moves is drawn hardly moving: at least 2 % of its size fills the height.
  const span = Math.max(Math.max(...seen) - low, Math.abs(low) * 0.02, 1e-9);
  let pen = 'M';
  let path = '';
  times.forEach((time, i) => {
    const value = values[i];
    if (typeof value !== 'number' || time < from) {
      pen = 'M';
      return;
    }
    const x = ((time - from) / (to - from)) * SPARK_WIDTH;
    const y = SPARK_HEIGHT - EDGE - ((value - low) / span) * (SPARK_HEIGHT - 2 * EDGE);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

export function Sparkline({ path }: { path: ReadonlySignal<string> }) {
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path} />
    </svg>
  );
}
