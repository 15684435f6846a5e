// SPDX-License-Identifier: Apache-2.0
// The connection breaks and comes back; two tabs share one stream.

import assert from 'node:assert/strict';
import { open } from '../lib/browser.mjs';
import { layCable } from '../lib/cable.mjs';
import { text, visit } from '../lib/site.mjs';
import { until, untilChanged } from '../lib/wait.mjs';
import { isLive } from './inside.mjs';

/** Notes the streams that a page opens itself; those of the shared worker are not the page's. */
function ownStreams(page) {
  const streams = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/v1/live')) streams.push(request.url());
  });
  return streams;
}

async function pullAndPutBack(page, site, cable) {
  await visit(page, site, '#/overview');
  await isLive(page);
  cable.pull();
  await until('the banner', () => page.locator('.banner').isVisible(), 40_000);
  assert.match(await text(page, '.banner'), /connection .* lost/);
  await site.shot(page, 'lost');
  cable.putBack();
  await isLive(page);
  await until('the banner to go', async () => !(await page.locator('.banner').isVisible()));
  await untilChanged('the site power', () => text(page, '.now-value'));
}

/** Through a cable that is pulled and put back, with the shared worker or without. */
export async function lostAndFound(browser, site, storageState, hasWorker) {
  const cable = await layCable();
  const context = await open(browser, { storageState, proxy: { server: cable.address } });
  try {
    if (!hasWorker) await context.addInitScript(() => delete window.SharedWorker);
    const page = await context.newPage();
    const streams = ownStreams(page);
    await pullAndPutBack(page, site, cable);
    if (hasWorker) assert.deepEqual(streams, []);
    else assert.ok(streams.length > 1, 'the page opened its stream again');
  } finally {
    await context.close();
    cable.remove();
  }
}

export async function oneStream(context, page, site) {
  const second = await context.newPage();
  const streams = [ownStreams(page), ownStreams(second)];
  await visit(page, site, '#/overview');
  await page.reload();
  await visit(second, site, '#/meters');
  await Promise.all([isLive(page), isLive(second)]);
  await untilChanged('the first tab', () => text(page, '.now-value'));
  await second.waitForSelector('tr[data-meter]');
  await untilChanged('the second tab', () =>
    second.locator('.c-power .number').allTextContents().then(String),
  );
  assert.deepEqual(streams, [[], []], 'streams of the tabs’ own');
  await second.close();
  await page.bringToFront();
  await untilChanged('the first tab alone', () => text(page, '.now-value'));
}
