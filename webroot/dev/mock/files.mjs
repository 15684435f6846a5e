// SPDX-License-Identifier: Apache-2.0
// Serves dist/ with the headers that the gateway sends.

import { readFile } from 'node:fs/promises';
import path from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "worker-src 'self'",
  "font-src 'none'",
  "manifest-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

export const HEADERS = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Strict-Transport-Security': 'max-age=31536000',
};

export async function serveFile(dist, request, response, name) {
  const file = path.join(dist, path.basename(name === '/' ? 'index.html' : name));
  const type = TYPES[path.extname(file)];
  const packed = /\bbr\b/.test(request.headers['accept-encoding'] ?? '');
  const content = type && (await readFile(packed ? `${file}.br` : file).catch(() => null));
  if (!content) {
    response.writeHead(404, HEADERS).end();
    return;
  }
  const hashed = /-[A-Z0-9]{8}\.(js|css)$/.test(file);
  response.writeHead(200, {
    ...HEADERS,
    'Content-Type': type,
    'Cache-Control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(packed ? { 'Content-Encoding': 'br' } : {}),
    Vary: 'Accept-Encoding',
  });
  response.end(content);
}
