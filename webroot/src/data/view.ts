// SPDX-License-Identifier: Apache-2.0
// What the trends page shows, as a value that the address carries: a link reproduces the view.

export interface Live {
  /** The last so many milliseconds, moving with the clock. */
  last_ms: number;
}

export interface Fixed {
  from: number;
  to: number;
}

export type Range = Live | Fixed;

export interface View {
  points: string[];
  range: Range;
}

const HOUR = 3_600_000;
export const SHORTEST_MS = 10_000;
export const LONGEST_MS = 20 * 366 * 24 * HOUR;
export const DEFAULT_RANGE: Live = { last_ms: HOUR };
export const MOST_POINTS = 12;

export function isLive(range: Range): range is Live {
  return 'last_ms' in range;
}

function clampSpan(span: number): number {
  return Math.min(Math.max(span, SHORTEST_MS), LONGEST_MS);
}

/** The two ends of a range at a moment. */
export function ends(range: Range, now: number): Fixed {
  return isLive(range) ? { from: now - range.last_ms, to: now } : range;
}

/** Zooms around `at` (a share of the width, 0 left to 1 right); `factor` < 1 zooms in. Live stays live at the right end. */
export function zoom(range: Range, now: number, factor: number, at = 0.5): Range {
  const { from, to } = ends(range, now);
  const span = clampSpan((to - from) * factor);
  if (isLive(range)) return { last_ms: span };
  const middle = from + (to - from) * at;
  return { from: Math.round(middle - span * at), to: Math.round(middle + span * (1 - at)) };
}

/** Moves by a share of the width. Whoever reaches the present is live again. */
export function pan(range: Range, now: number, share: number): Range {
  const { from, to } = ends(range, now);
  const span = to - from;
  const shift = span * share;
  if (isLive(range) && share >= 0) return range;
  if (to + shift >= now) return { last_ms: span };
  return { from: Math.round(from + shift), to: Math.round(to + shift) };
}

/** A chosen stretch, never shorter than the screen can serve. */
export function select(from: number, to: number): Fixed {
  const span = clampSpan(to - from);
  const middle = (from + to) / 2;
  return { from: Math.round(middle - span / 2), to: Math.round(middle + span / 2) };
}

function time(text: string | null): number | null {
  const value = text && /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  return Number.isSafeInteger(value) ? value : null;
}

function parseRange(query: URLSearchParams): Range {
  const from = time(query.get('from'));
  const to = time(query.get('to'));
  if (from !== null && to !== null && to > from) return select(from, to);
  const last = time(query.get('last'));
  return last === null || last === 0 ? DEFAULT_RANGE : { last_ms: clampSpan(last) };
}

export function parseView(query: URLSearchParams): View {
  const names = (query.get('p') ?? '').split(',').filter(Boolean);
  return { points: [...new Set(names)].slice(0, MOST_POINTS), range: parseRange(query) };
}

export function formatView(view: View): URLSearchParams {
  const query = new URLSearchParams();
  if (view.points.length > 0) query.set('p', view.points.join(','));
  if (isLive(view.range)) query.set('last', String(view.range.last_ms));
  else {
    query.set('from', String(view.range.from));
    query.set('to', String(view.range.to));
  }
  return query;
}
