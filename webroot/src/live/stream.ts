// SPDX-License-Identifier: Apache-2.0
// One event stream from the gateway. Opens it, passes its events on as text, and when it breaks or falls silent opens
// it again after a growing pause, for ever until stopped. Runs in the shared worker, or in the page where there is
// none.

const KINDS = ['hello', 'values', 'status', 'scan'] as const;
type Kind = (typeof KINDS)[number];

export type StreamEvent = { kind: 'open' | 'lost' } | { kind: Kind; data: string };

/** The part of EventSource that is used; tests give their own. */
export interface Source {
  addEventListener(kind: string, listener: (event: { data?: string }) => void): void;
  close(): void;
}

export interface StreamParts {
  open: (url: string) => Source;
  /** Calls once later; returns what cancels the call. */
  later: (call: () => void, delay_ms: number) => () => void;
}

/** The gateway sends a status every 5 s; three of them missing is silence. */
export const SILENCE_MS = 15_000;
export const FIRST_PAUSE_MS = 500;
export const LONGEST_PAUSE_MS = 8000;

export const browserParts: StreamParts = {
  open: (url) => new EventSource(url),
  later: (call, delay_ms) => {
    const timer = setTimeout(call, delay_ms);
    return () => clearTimeout(timer);
  },
};

export class Stream {
  private source: Source | null = null;
  private pause_ms = FIRST_PAUSE_MS;
  private cancel: () => void = () => {};

  constructor(
    private readonly url: string,
    private readonly emit: (event: StreamEvent) => void,
    private readonly parts: StreamParts = browserParts,
  ) {}

  start(): void {
    if (this.source) return;
    this.cancel();
    const source = this.parts.open(this.url);
    this.source = source;
    this.watch();
    source.addEventListener('open', () => this.emit({ kind: 'open' }));
    source.addEventListener('error', () => this.lose());
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => this.pass(kind, event.data ?? ''));
    }
  }

  stop(): void {
    this.cancel();
    this.source?.close();
    this.source = null;
    this.pause_ms = FIRST_PAUSE_MS;
  }

  private pass(kind: Kind, data: string): void {
    this.pause_ms = FIRST_PAUSE_MS;
    this.watch();
    this.emit({ kind, data });
  }

  private watch(): void {
    this.cancel();
    this.cancel = this.parts.later(() => this.lose(), SILENCE_MS);
  }

  private lose(): void {
    if (!this.source) return;
    const pause = this.pause_ms;
    this.stop();
    this.pause_ms = Math.min(pause * 2, LONGEST_PAUSE_MS);
    this.cancel = this.parts.later(() => this.start(), pause);
    this.emit({ kind: 'lost' });
  }
}
