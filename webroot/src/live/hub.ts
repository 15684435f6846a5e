// SPDX-License-Identifier: Apache-2.0
// Shares one stream among tabs. A tab that joins a running stream gets its hello at once; when the last tab has left,
// the stream ends, so that nobody holds a connection to the gateway.

import { Stream, type StreamEvent, type StreamParts } from './stream';

export type Command = 'start' | 'stop';

export interface Tab {
  postMessage(event: StreamEvent): void;
}

export class Hub {
  private readonly tabs = new Set<Tab>();
  private readonly stream: Stream;
  private hello: StreamEvent | null = null;

  constructor(url: string, parts?: StreamParts) {
    this.stream = new Stream(url, (event) => this.share(event), parts);
  }

  command(tab: Tab, command: Command): void {
    if (command === 'start') this.join(tab);
    else this.leave(tab);
  }

  private join(tab: Tab): void {
    this.tabs.add(tab);
    if (this.hello) {
      tab.postMessage({ kind: 'open' });
      tab.postMessage(this.hello);
    }
    this.stream.start();
  }

  private leave(tab: Tab): void {
    this.tabs.delete(tab);
    if (this.tabs.size > 0) return;
    this.stream.stop();
    this.hello = null;
  }

  private share(event: StreamEvent): void {
    if (event.kind === 'hello') this.hello = event;
    if (event.kind === 'lost') this.hello = null;
    for (const tab of this.tabs) tab.postMessage(event);
  }
}
