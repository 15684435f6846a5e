// SPDX-License-Identifier: Apache-2.0
// Gathers what arrived and applies it together in an animation frame, at most seven times a second: however many
// messages come, the page is laid out once. In a hidden tab nothing is applied and only the newest value of a point
// is kept.

import type { LiveRow } from '../app/types';

export const LEAST_MS = 140;

export interface FrameParts {
  now: () => number;
  after: (call: () => void, delay_ms: number) => void;
}

export const browserFrames: FrameParts = {
  now: () => performance.now(),
  after: (call, delay_ms) => {
    if (delay_ms > 0) setTimeout(() => requestAnimationFrame(call), delay_ms);
    else requestAnimationFrame(call);
  },
};

export class Gather {
  private waiting = new Map<number, LiveRow>();
  private asked = false;
  private last_ms = -LEAST_MS;

  constructor(
    private readonly apply: (rows: Iterable<LiveRow>) => void,
    private readonly parts: FrameParts = browserFrames,
  ) {}

  add(rows: LiveRow[]): void {
    for (const row of rows) this.waiting.set(row[0], row);
    if (this.asked || this.waiting.size === 0) return;
    this.asked = true;
    this.parts.after(() => this.flush(), Math.max(0, this.last_ms + LEAST_MS - this.parts.now()));
  }

  private flush(): void {
    const rows = this.waiting;
    this.waiting = new Map();
    this.asked = false;
    this.last_ms = this.parts.now();
    this.apply(rows.values());
  }
}
