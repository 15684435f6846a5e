// SPDX-License-Identifier: Apache-2.0
// The gateway's clock: ages are told by it, since the clock of the device in front of people may be wrong.

import { signal } from '@preact/signals';

let offset_ms = 0;

export function setGatewayTime(time: number): void {
  offset_ms = time - Date.now();
  second.value = gatewayNow();
}

export function gatewayNow(): number {
  return Date.now() + offset_ms;
}

/** The gateway's time, renewed each second while the page is seen. */
export const second = signal(Date.now());

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) second.value = gatewayNow();
  }, 1000);
}
