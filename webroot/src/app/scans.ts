// SPDX-License-Identifier: Apache-2.0
// Scans of lines. The stream tells how far each is; what was found is read again when there is more of it or when a
// scan changes its state. A scan goes on in the gateway whether somebody looks or not.

import { signal } from '@preact/signals';
import { asProblem, get, send, type Problem } from './api';
import type { Scan, ScanEvent, ScansReply } from './fieldbus';

export const scans = signal<Scan[] | null>(null);
export const scansProblem = signal<Problem | null>(null);

export interface ScanWish {
  line: string;
  units: string;
  identify: boolean;
  search?: boolean;
}

let reading: Promise<void> | null = null;
let again = false;

async function read(): Promise<void> {
  try {
    scans.value = (await get<ScansReply>('/scan')).scans;
    scansProblem.value = null;
  } catch (error) {
    scansProblem.value = asProblem(error);
  }
}

/** One reading at a time; what was asked for meanwhile is read once after it. */
export function readScans(): Promise<void> {
  again = reading !== null;
  reading ??= (async () => {
    do {
      again = false;
      await read();
    } while (again);
    reading = null;
  })();
  return reading;
}

export function onScan(event: ScanEvent): void {
  const known = scans.peek()?.find((scan) => scan.line === event.line);
  if (!known || known.state !== event.state || known.found.length !== event.found) {
    // Nobody has looked at scans yet: whoever does will read them.
    if (scans.peek()) void readScans();
    return;
  }
  const { done, total, settings } = event;
  scans.value = scans.peek()!.map((scan) => (scan === known ? { ...scan, done, total, settings } : scan));
}

export async function startScan(wish: ScanWish): Promise<void> {
  await send('POST', '/scan', wish);
  await readScans();
}

export async function cancelScan(line: string): Promise<void> {
  await send('DELETE', `/scan?line=${encodeURIComponent(line)}`);
  await readScans();
}
