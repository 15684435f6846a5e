// SPDX-License-Identifier: Apache-2.0
// Waits for states, never for time alone.

import assert from 'node:assert/strict';

const POLL_MS = 50;

/** Asks until the answer is truthy and gives it back; fails with what was waited for. */
export async function until(what, ask, deadline_ms = 15_000) {
  const end = performance.now() + deadline_ms;
  let last;
  while (performance.now() < end) {
    last = await ask();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return assert.fail(`waited ${deadline_ms} ms for: ${what} (last: ${JSON.stringify(last)})`);
}

/** Waits until the answer differs from what it was when called. */
export async function untilChanged(what, ask, deadline_ms) {
  const before = await ask();
  return until(
    `${what} to change from ${before}`,
    async () => {
      const now = await ask();
      return now !== before && now;
    },
    deadline_ms,
  );
}
