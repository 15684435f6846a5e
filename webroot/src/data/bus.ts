// SPDX-License-Identifier: Apache-2.0
// What the figures of a bus say at a glance.

export const ERROR_KINDS = ['timeouts', 'crc', 'foreign', 'exceptions'] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

export type ErrorCounts = Record<ErrorKind, number> & { requests: number };

export function errorsOf(counts: ErrorCounts): number {
  return ERROR_KINDS.reduce((sum, kind) => sum + counts[kind], 0);
}

/** Share of the requests that went wrong; null before the first. */
export function errorShare(counts: ErrorCounts): number | null {
  return counts.requests > 0 ? Math.min(errorsOf(counts) / counts.requests, 1) : null;
}

export interface Part {
  kind: ErrorKind;
  start: number;
  width: number;
}

/** The parts of a stacked bar, each as a share of the largest bar in sight. */
export function partsOf(counts: ErrorCounts, largest: number): Part[] {
  let start = 0;
  return ERROR_KINDS.filter((kind) => counts[kind] > 0).map((kind) => {
    const part = { kind, start, width: counts[kind] / Math.max(largest, 1) };
    start += part.width;
    return part;
  });
}

export type Mood = 'good' | 'warn' | 'bad';

const BAD = new Set(['timeout', 'garbled', 'lost']);
const FINE = new Set(['good', 'waiting', 'echo']);

/** How a frame ended, for its colour: without a usable answer it is bad, odd or refused it is a warning. */
export function moodOfOutcome(outcome: string): Mood {
  if (FINE.has(outcome)) return 'good';
  return BAD.has(outcome) ? 'bad' : 'warn';
}

/** Bytes in pairs, so that a narrow screen breaks lines between words of the frame and not inside. */
export function hexWords(hex: string): string[] {
  return hex.split(/\s+/).filter(Boolean);
}

const BUSY = 0.8;

export interface Load {
  /** What the strip fills, 0 to 1. */
  share: number;
  /** What of the strip is asked for beyond the line's time, as a share of what is asked for; 0 without overload. */
  beyond: number;
  mood: Mood;
}

/** Utilisation as a strip; asked for more than there is, the strip is the demand and the part beyond it stands out. */
export function loadOf(utilisation: number, demand: number | undefined): Load {
  if (demand !== undefined && demand > 1) return { share: 1, beyond: 1 - 1 / demand, mood: 'bad' };
  const share = Math.min(Math.max(utilisation, 0), 1);
  return { share, beyond: 0, mood: share > BUSY ? 'warn' : 'good' };
}
