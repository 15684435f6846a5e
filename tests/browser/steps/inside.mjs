// SPDX-License-Identifier: Apache-2.0
// Overview, meters and one meter, alive.

import assert from 'node:assert/strict';
import { text, visit } from '../lib/site.mjs';
import { until, untilChanged } from '../lib/wait.mjs';

const LEAST_METERS = 8;
const LEAST_MAKES = 5;
const FIRST_LOAD_BYTES = 120 * 1024;

export const isLive = (page) =>
  until('the live stream', () => page.locator('[data-connection=live]').isVisible());

const until_ms = (page) => page.locator('.chart').first().getAttribute('data-until').then(Number);

export async function overview(page, site) {
  await visit(page, site, '#/overview');
  await isLive(page);
  await page.waitForSelector('.chart canvas');
  assert.match(await text(page, '.now-value'), /^[\d.,]+ [kM]W$/);
  await untilChanged('the site power', () => text(page, '.now-value'));
  await until('fresh data', async () => /(^|\D)[0-5]s/.test(await text(page, '.now-note')));
  await page.locator('.site-power .segmented button').first().click();
  await untilChanged('the end of the curve', () => until_ms(page), 30_000);
  const ranked = await page.locator('.ranking li').count();
  assert.ok(ranked >= 1 && ranked <= 5, `${ranked} largest consumers`);
  assert.ok((await page.locator('.lines .line').count()) >= 1, 'lines are shown');
  await site.shot(page, 'overview');
}

/** What was sent for the first page, files and data, as it came over the wire. */
export async function firstLoad(page) {
  const bytes = await page.evaluate(() => {
    const files = performance.getEntriesByType('resource').filter((one) => !one.name.includes('/api/'));
    const all = [...files, ...performance.getEntriesByType('navigation')];
    return all.reduce((sum, one) => sum + one.transferSize, 0);
  });
  assert.ok(bytes > 10_000 && bytes <= FIRST_LOAD_BYTES, `${bytes} bytes until the overview is usable`);
}

const rows = (page) => page.locator('tr[data-meter]');
const names = (page) => rows(page).evaluateAll((all) => all.map((row) => row.dataset.meter));

export async function meterList(page, site) {
  await visit(page, site, '#/meters');
  await page.waitForSelector('tr[data-meter]');
  const live = await until(
    `${LEAST_METERS} meters that answer`,
    async () => {
      const found = await rows(page).evaluateAll((all) => {
        return all
          .filter((row) => row.querySelector('.state.good'))
          .map((row) => row.querySelector('.row-sub').textContent);
      });
      return found.length >= LEAST_METERS && found;
    },
    30_000,
  );
  assert.ok(new Set(live).size >= LEAST_MAKES, `makes: ${[...new Set(live)].join(', ')}`);
  const powers = () =>
    page
      .locator('.c-power .number')
      .allTextContents()
      .then((all) => all.join(' '));
  await untilChanged('the powers', powers);
  await until('the small curves', () => page.locator('.spark path[d^=M]').count(), 30_000);
  await site.shot(page, 'meters');
}

export async function sortFilterGroup(page) {
  await page.click('th.c-power .sort');
  assert.equal(await page.getAttribute('th.c-power', 'aria-sort'), 'descending');
  const numbers = await page.locator('td.c-power .number').allTextContents();
  const first = parseFloat(numbers[0].replace(/,/g, ''));
  assert.ok(
    numbers.every((one) => !(parseFloat(one.replace(/,/g, '')) > first * 1.2)),
    numbers.join(' '),
  );
  await page.click('th.c-name .sort');
  const all = await names(page);
  await page.fill('input[type=search]', all[1]);
  await until(
    'the filter',
    async () => (await names(page)).includes(all[1]) && (await names(page)).length < all.length,
  );
  await page.fill('input[type=search]', 'no meter has such a name');
  await until('the empty state', () => page.locator('.empty').isVisible());
  await page.fill('input[type=search]', '');
  await page.selectOption('.choice select', 'line');
  assert.ok((await page.locator('tr.group').count()) >= 1);
  await page.selectOption('.choice select', '');
}

export async function oneMeter(page, site) {
  const meter = await page.locator('tr[data-meter]:has(.state.good)').first().getAttribute('data-meter');
  await page.click(`tr[data-meter="${meter}"] .c-name a`);
  await page.waitForSelector('.meter-title');
  assert.equal(await text(page, 'h1'), meter);
  await until(
    'the power curve',
    async () => Number(await page.getAttribute('.chart', 'data-rows')) > 1,
    30_000,
  );
  assert.ok((await page.locator('.phase-table tbody tr').count()) >= 3, 'rows of phases');
  assert.ok((await page.locator('.arrow.voltage').count()) >= 1, 'phasors');
  const points = await page.locator('.points tbody tr').count();
  assert.ok(points >= 5, `${points} points`);
  await untilChanged('a tile', () => text(page, '.tile .number'));
  await site.shot(page, 'meter');
}

export async function unknownMeter(page, site) {
  await visit(page, site, '#/meters/there-is-no-such-meter');
  await until('the explanation', () => page.locator('.empty').isVisible());
}
