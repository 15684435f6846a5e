// SPDX-License-Identifier: Apache-2.0
// Round trips as the gateway counts them: how many fell up to each bound, the rest above the last.

export interface Counted {
  bounds: number[];
  counts: number[];
}

export interface Bar {
  from: number;
  /** Null: without an upper bound. */
  to: number | null;
  count: number;
}

function allBars({ bounds, counts }: Counted): Bar[] {
  return counts.map((count, i) => ({
    from: i === 0 ? 0 : (bounds[i - 1] ?? 0),
    to: bounds[i] ?? null,
    count,
  }));
}

/** The bars from the first to the last that holds anything. */
export function barsOf(counted: Counted): Bar[] {
  const bars = allBars(counted);
  const first = bars.findIndex((bar) => bar.count > 0);
  if (first < 0) return [];
  let last = bars.length - 1;
  while (bars[last]!.count === 0) last--;
  return bars.slice(first, last + 1);
}

export function countOf({ counts }: Counted): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The value that a share of all does not exceed, within its bar in proportion; of what is open upwards its lower end. */
export function quantile(counted: Counted, share: number): number | null {
  const wanted = countOf(counted) * share;
  let before = 0;
  for (const { from, to, count } of barsOf(counted)) {
    if (before + count >= wanted) return to === null ? from : from + ((wanted - before) / count) * (to - from);
    before += count;
  }
  return null;
}
