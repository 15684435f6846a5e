// SPDX-License-Identifier: Apache-2.0
// Scan a line, leave it, come back, stop it; add what was found while somebody else changes the configuration.

import assert from 'node:assert/strict';
import { assertAccessible } from '../lib/axe.mjs';
import { text, visit } from '../lib/site.mjs';
import { until, untilChanged } from '../lib/wait.mjs';
import { busiestLine } from './bus.mjs';

const ADDED = 'found-by-scan';
const LABEL = 'meanwhile';

const state = (page) => page.locator('[data-scan]').getAttribute('data-scan');
const done = (page) => page.locator('.scan-bar progress').evaluate((bar) => bar.value);

async function start(page, units) {
  await page.fill('.scan-form input[name=units]', units);
  await page.click('.scan-form button[type=submit]');
}

/** As another administrator does it, at the same time. */
async function change(page, section, edit) {
  const { body, tag, csrf } = await page.evaluate(async (name) => {
    const reply = await fetch(`/api/v1/config/${name}`);
    const session = await (await fetch('/api/v1/session')).json();
    return { body: await reply.json(), tag: reply.headers.get('ETag'), csrf: session.csrf };
  }, section);
  const status = await page.evaluate(
    async ({ name, next, match, token }) => {
      const headers = { 'Content-Type': 'application/json', 'If-Match': match, 'X-CSRF-Token': token };
      const reply = await fetch(`/api/v1/config/${name}`, {
        method: 'PUT',
        headers,
        body: JSON.stringify(next),
      });
      return reply.status;
    },
    { name: section, next: edit(body), match: tag, token: csrf },
  );
  assert.equal(status, 200, `a change of ${section}`);
}

export async function progress(page, site) {
  const { line } = await busiestLine(page);
  await visit(page, site, `#/bus/scan?line=${encodeURIComponent(line)}`);
  await page.waitForSelector('.scan-form');
  await start(page, '9-3');
  assert.ok(await page.locator('.scan-form .field-error').isVisible(), 'units that make no sense');
  await start(page, '1-247');
  await until('the scan to run', async () => (await page.locator('[data-scan=running]').count()) === 1);
  await untilChanged('the progress', () => done(page), 30_000);
  await visit(page, site, '#/overview');
  await page.waitForSelector('.now-value');
  await visit(page, site, '#/bus/scan');
  await until('the scan to be where it was left', async () => (await state(page)) === 'running');
  await until('what was found', () => page.locator('.scan-table [data-unit]').count(), 60_000);
  await site.shot(page, 'scan');
  await page.click('.scan-progress button');
  await until('the scan to stop', async () => (await state(page)) === 'cancelled');
}

const meters = (page) => page.evaluate(async () => (await fetch('/api/v1/config/meters')).json());

export async function addFound(page, site) {
  const line = await page.evaluate(async () => {
    const { lines } = await (await fetch('/api/v1/meters')).json();
    return lines.find((one) => one.kind === 'serial').name;
  });
  await visit(page, site, `#/bus/scan?line=${encodeURIComponent(line)}`);
  await until('no scan to run', async () => (await page.locator('[data-scan=running]').count()) === 0);
  await start(page, '1-24');
  await until('the scan to end', async () => (await state(page)) === 'done', 60_000);
  await site.shot(page, 'scan-done');
  const row = page.locator('.scan-table tr', { has: page.locator('input[type=checkbox]:checked') }).first();
  await until('a map that fits', () => row.locator('input[name=profile]').inputValue());
  await row.locator('input[name=name]').fill('not a name');
  assert.ok(await page.locator('.scan-add .primary').isDisabled(), 'a name that can’t be');
  await row.locator('input[name=name]').fill(ADDED);
  await page.click('.scan-add .primary');
  await page.waitForSelector('.diff .new');
  assert.match(await text(page, '.diff .new'), new RegExp(ADDED));
  await assertAccessible(page, 'difference');
  await site.shot(page, 'scan-add');
  await change(page, 'meters', (all) => {
    return all.map((one, i) => (i === 0 ? { ...one, labels: { ...one.labels, [LABEL]: 'yes' } } : one));
  });
  await page.click('.dialog .primary');
  await until('that somebody else was faster', () => page.locator('.dialog .note.warn').isVisible());
  await page.click('.dialog .primary');
  await until('that it is added', () => page.locator('.scan-add .note.good').isVisible());
  const now = await meters(page);
  assert.ok(now.some((one) => one.labels?.[LABEL] === 'yes') && now.some((one) => one.name === ADDED));
  await visit(page, site, `#/meters/${ADDED}`);
  await until('its values', () => page.locator('.tile .value.good').count(), 30_000);
}
