// SPDX-License-Identifier: Apache-2.0
// The network between browser and gateway, as a proxy on loopback whose connections can be cut.

import { createServer } from 'node:http';
import { connect } from 'node:net';

export async function layCable() {
  const sockets = new Set();
  let isPulled = false;
  const server = createServer();
  server.on('connect', (request, browser) => {
    browser.on('error', () => {});
    if (isPulled) return browser.destroy();
    const { hostname, port } = new URL(`https://${request.url}`);
    const gateway = connect(Number(port || 443), hostname, () => {
      browser.write('HTTP/1.1 200 OK\r\n\r\n');
      gateway.pipe(browser).pipe(gateway);
    });
    gateway.on('error', () => browser.destroy());
    for (const socket of [browser, gateway]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
  });
  const cut = () => sockets.forEach((socket) => socket.destroy());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    pull: () => {
      isPulled = true;
      cut();
    },
    putBack: () => {
      isPulled = false;
    },
    remove: () => {
      cut();
      server.close();
    },
  };
}
