// SPDX-License-Identifier: Apache-2.0
// The gateway ends a session in which nobody does anything. What people do in the page without asking the gateway must
// count, and what the page asks by itself must not go on for ever: an unattended page is logged out.

import { checkSession, session, standing } from './session';

/** So long after the last touch of key or pointer the page still refreshes by itself. */
export const ATTENDED_MS = 60_000;

export class Activity {
  private touched: number;
  private told: number;

  constructor(now: number) {
    this.touched = now;
    this.told = now;
  }

  /** Somebody did something; returns whether the gateway should hear of it. */
  touch(now: number, idle_ms: number): boolean {
    this.touched = now;
    if (now - this.told < idle_ms / 4) return false;
    this.told = now;
    return true;
  }

  isAttended(now: number): boolean {
    return now - this.touched < ATTENDED_MS;
  }
}

const activity = new Activity(Date.now());

export function isAttended(): boolean {
  return !document.hidden && activity.isAttended(Date.now());
}

export function startActivity(): void {
  const touch = (): void => {
    const idle = session.peek()?.idle_ms ?? Infinity;
    if (activity.touch(Date.now(), idle) && standing.peek() === 'in') void checkSession();
  };
  for (const kind of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
    addEventListener(kind, touch, { passive: true, capture: true });
  }
}
