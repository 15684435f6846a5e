// SPDX-License-Identifier: Apache-2.0
// How finely history is asked: never more rows than the picture can show.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const STEPS: readonly number[] = [
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  7 * DAY,
];

/**
 * Null asks for raw rows: they are at most twice the width in pixels. Else the smallest step that gives at most one row
 * a pixel; each such row carries the least and the largest value, so the picture loses nothing.
 */
export function chooseStep(span_ms: number, width: number, period_ms: number): number | null {
  const pixels = Math.max(width, 1);
  if (span_ms / Math.max(period_ms, 1) <= 2 * pixels) return null;
  return STEPS.find((step) => span_ms / step <= pixels) ?? Math.ceil(span_ms / pixels / DAY) * DAY;
}

/** Steps count from the epoch, so that a picture that grows and one that is read again agree. */
export function alignDown(time: number, step: number | null): number {
  return step === null ? time : Math.floor(time / step) * step;
}
