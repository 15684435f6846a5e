// SPDX-License-Identifier: Apache-2.0
// The page's end of the live stream: through the shared worker, or its own stream where the browser has no such
// worker or the worker can't reach the gateway though the page can (a certificate that was accepted for the page
// only).

import { Stream, type StreamEvent } from './stream';
import type { Command } from './hub';

declare const KW_LIVE_WORKER: string;

export const LIVE_URL = '/api/v1/live';

export interface Link {
  start(): void;
  stop(): void;
}

/** Null where the browser has no shared workers; `broken` is called if the worker can't even start. */
export function workerLink(emit: (event: StreamEvent) => void, broken: () => void): Link | null {
  if (typeof SharedWorker === 'undefined') return null;
  const worker = new SharedWorker(KW_LIVE_WORKER, { name: LIVE_URL, type: 'module' });
  const send = (command: Command): void => worker.port.postMessage(command);
  worker.onerror = broken;
  worker.port.onmessage = (message: MessageEvent<StreamEvent>) => emit(message.data);
  return { start: () => send('start'), stop: () => send('stop') };
}

export function directLink(emit: (event: StreamEvent) => void): Link {
  return new Stream(LIVE_URL, emit);
}
