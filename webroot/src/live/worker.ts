// SPDX-License-Identifier: Apache-2.0
// The shared worker: browsers open six connections to a host, so all tabs use one stream.

import { Hub, type Command } from './hub';

interface WorkerScope {
  name: string;
  onconnect: ((event: MessageEvent) => void) | null;
}

const scope = self as unknown as WorkerScope;
const hub = new Hub(scope.name);

scope.onconnect = (event) => {
  const port = event.ports[0]!;
  port.onmessage = (message: MessageEvent<Command>) => hub.command(port, message.data);
};
