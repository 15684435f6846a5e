// SPDX-License-Identifier: Apache-2.0
// A stand-in for the gateway, for work on the page: HTTPS on loopback with a throw-away certificate, a made-up plant.
//
//   node dev/mock.mjs [--port 15100] [--meters 9] [--first-start] [--password-file FILE]
//
// With --first-start the page begins with the set-up; else log in as admin / admin-of-the-mock.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Api } from './mock/api.mjs';
import { HEADERS, serveFile } from './mock/files.mjs';
import { streamLive } from './mock/live.mjs';
import { Plant } from './mock/plant.mjs';

const DIST = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const PREFIX = '/api/v1';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string', default: '15100' },
    meters: { type: 'string', default: '9' },
    'first-start': { type: 'boolean', default: false },
    'password-file': { type: 'string' },
  },
});

function certificate() {
  const folder = mkdtempSync(path.join(tmpdir(), 'webview-mock-'));
  const key = path.join(folder, 'key.pem');
  const cert = path.join(folder, 'cert.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  return pair;
}

async function bodyOf(request) {
  let text = '';
  for await (const part of request) text += part;
  return text === '' ? {} : JSON.parse(text);
}

function send(response, { status, body, text, headers = {} }) {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  response.writeHead(status, { ...HEADERS, 'Cache-Control': 'no-store', 'Content-Type': type, ...headers });
  response.end(text ?? (body === undefined ? '' : JSON.stringify(body)));
}

const oneTime = options['first-start'] ? randomBytes(12).toString('hex') : null;
const plant = new Plant({ meters: Number(options.meters) });
const api = new Api(plant, {
  oneTime,
  accounts: oneTime ? [] : [['admin', { password: 'admin-of-the-mock', profile: 'admin' }]],
});

async function handle(request, response) {
  const url = new URL(request.url, 'https://localhost');
  if (!url.pathname.startsWith(PREFIX)) return serveFile(DIST, request, response, url.pathname);
  const name = url.pathname.slice(PREFIX.length);
  if (name === '/live' && api.sessionOf(request)) return streamLive(plant, api, request, response);
  try {
    send(response, api.answer(request, name, url.searchParams, await bodyOf(request)));
  } catch (error) {
    const { status = 500, key = 'internal', message, headers } = error;
    const body = { type: 'about:blank', title: message, status, key, detail: message };
    send(response, { status, body, headers });
  }
}

const server = createServer(certificate(), (request, response) => void handle(request, response));
server.listen(Number(options.port), '127.0.0.1', () => {
  if (oneTime && options['password-file'])
    writeFileSync(options['password-file'], `${oneTime}\n`, { mode: 0o600 });
  console.log(`https://127.0.0.1:${server.address().port}/`);
});
