// SPDX-License-Identifier: Apache-2.0
// Runs the tests against the stand-in of webroot/dev, for work on the page without a gateway.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const MOCK = path.join(HERE, '..', '..', 'webroot', 'dev', 'mock.mjs');
const folder = mkdtempSync(path.join(tmpdir(), 'webview-browser-'));
const passwordFile = path.join(folder, 'one-time-password');

const options = ['--port', '0', '--first-start', '--password-file', passwordFile];
const mock = spawn(process.execPath, [MOCK, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((resolve, reject) => {
  mock.stdout.once('data', (line) => resolve(String(line).trim()));
  mock.once('exit', (code) => reject(new Error(`the mock ended with ${code}`)));
});
try {
  const env = { ...process.env, KW_URL: url, KW_PASSWORD_FILE: passwordFile };
  const run = spawnSync(process.execPath, ['--test', path.join(HERE, 'webview.test.mjs')], {
    env,
    stdio: 'inherit',
  });
  process.exitCode = run.status ?? 1;
} finally {
  mock.kill();
  rmSync(folder, { recursive: true, force: true });
}
