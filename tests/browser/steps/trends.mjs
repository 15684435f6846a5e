// SPDX-License-Identifier: Apache-2.0
// Trends: choosing points, zoom and pan by every means, the link that reproduces the view.

import assert from 'node:assert/strict';
import { open, PHONE } from '../lib/browser.mjs';
import { text, visit } from '../lib/site.mjs';
import { until, untilChanged } from '../lib/wait.mjs';

const INPUT = 'input[role=combobox]';
const rows = (page) => page.getAttribute('.chart', 'data-rows').then(Number);
const hash = (page) => page.evaluate(() => location.hash);
const asked = async (page) => new URLSearchParams((await hash(page)).split('?')[1]);

async function add(page, words) {
  await page.fill(INPUT, words);
  await page.waitForSelector('[role=option]:not([aria-disabled])');
  await page.press(INPUT, 'Enter');
  await page.press(INPUT, 'Escape');
}

export async function choosePoints(page, site) {
  await visit(page, site, '#/trends');
  await until('the empty state', () => page.locator('.empty').isVisible());
  await add(page, 'active_power_total');
  await page.waitForSelector('.chart canvas');
  await add(page, 'voltage_l1_n');
  await until('two rows in the legend', async () => (await page.locator('.legend tbody tr').count()) === 2);
  await add(page, 'frequency');
  assert.match(await text(page, '.note.warn'), /two axes/);
  await until('a curve', async () => (await rows(page)) > 2, 30_000);
  await page.locator('.segmented button').first().click();
  await until('the last quarter', async () => (await asked(page)).get('last') === '900000');
  await untilChanged('the live tail', () => page.getAttribute('.chart', 'data-until'));
  await site.shot(page, 'trends');
}

const span = async (page) => {
  const query = await asked(page);
  return query.has('last') ? Number(query.get('last')) : Number(query.get('to')) - Number(query.get('from'));
};

export async function zoomAndPan(page) {
  const whole = await span(page);
  await page.focus('.chart');
  await page.keyboard.press('+');
  await until('zoom by key', async () => (await span(page)) < whole);
  await page.keyboard.press('ArrowLeft');
  await until('pan by key', async () => (await asked(page)).has('from'));
  const box = await page.locator('.chart .u-over').boundingBox();
  const y = box.y + box.height / 2;
  const before = await span(page);
  await page.mouse.move(box.x + box.width / 2, y);
  await page.mouse.wheel(0, 200);
  await until('zoom by wheel', async () => (await span(page)) > before);
  const wide = await span(page);
  await page.mouse.move(box.x + box.width * 0.25, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.75, y, { steps: 5 });
  // The chart follows the pointer once a frame; who lets go before has chosen nothing.
  await until('the stretch to be marked', () => {
    return page.locator('.u-select').evaluate((mark) => mark.offsetWidth > 0);
  });
  await page.mouse.up();
  await until('zoom by drag', async () => (await span(page)) < wide * 0.6);
  const from = (await asked(page)).get('from');
  await page.keyboard.down('Shift');
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, y, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await until('pan by drag', async () => Number((await asked(page)).get('from')) < Number(from));
}

/** Who has gone where nothing is must be able to come back the same way. */
export async function emptyStretch(page) {
  const query = await asked(page);
  query.delete('last');
  query.set('from', '1000000000000');
  query.set('to', '1000003600000');
  await page.evaluate((hash) => (location.hash = hash), `#/trends?${query}`);
  await until('that nothing is there', () => page.locator('.chart-empty').isVisible());
  const box = await page.locator('.chart').boundingBox();
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.4, y);
  await page.keyboard.down('Shift');
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.8, y, { steps: 5 });
  await page.mouse.up();
  await page.keyboard.up('Shift');
  await until('pan by drag', async () => Number((await asked(page)).get('from')) < 1_000_000_000_000);
}

export async function linkReproduces(page, context) {
  const address = page.url();
  const chosen = await page.locator('.legend tbody th').allTextContents();
  const stretch = await text(page, '.stretch');
  const other = await context.newPage();
  await other.goto(address);
  await other.waitForSelector('.chart canvas');
  assert.deepEqual(await other.locator('.legend tbody th').allTextContents(), chosen);
  assert.equal(await text(other, '.stretch'), stretch);
  await other.close();
  await page.focus('.chart');
  await page.keyboard.press('End');
  await until('live again', async () => (await asked(page)).has('last'));
}

/** Never more rows than twice the width, however long the stretch. */
export async function fewRows(page) {
  const width = await page.locator('.chart').evaluate((chart) => chart.clientWidth);
  const buttons = page.locator('.range-bar .segmented button');
  for (let i = 0; i < (await buttons.count()); i++) {
    const request = page.waitForRequest((one) => one.url().includes('/history?'));
    await buttons.nth(i).click();
    const counts = await page.evaluate(
      async (url) => {
        const { series } = await (await fetch(url)).json();
        return series.map((one) => one.rows.length);
      },
      (await request).url(),
    );
    for (const count of counts) assert.ok(count <= 2 * width, `${count} rows for ${width} px`);
    await until('the picture', async () => (await page.getAttribute('.trend-card', 'aria-busy')) === 'false');
  }
}

async function touch(client, type, points) {
  await client.send('Input.dispatchTouchEvent', {
    type,
    touchPoints: points.map(([x, y], id) => ({ x, y, id })),
  });
}

/** One finger moves, two fingers zoom. */
export async function fingers(browser, site, storageState) {
  const context = await open(browser, { viewport: PHONE, hasTouch: true, isMobile: true, storageState });
  const page = await context.newPage();
  await visit(page, site, '#/trends');
  await add(page, 'active_power_total');
  await page.waitForSelector('.chart canvas');
  const client = await context.newCDPSession(page);
  const box = await page.locator('.chart .u-over').boundingBox();
  const y = box.y + box.height / 2;
  const x = box.x + box.width / 2;
  await touch(client, 'touchStart', [[x, y]]);
  for (let i = 1; i <= 6; i++) await touch(client, 'touchMove', [[x + i * 15, y]]);
  await touch(client, 'touchEnd', []);
  await until('pan by finger', async () => (await asked(page)).has('from'));
  const before = await span(page);
  await touch(client, 'touchStart', [
    [x - 20, y],
    [x + 20, y],
  ]);
  for (let i = 1; i <= 6; i++)
    await touch(client, 'touchMove', [
      [x - 20 - i * 10, y],
      [x + 20 + i * 10, y],
    ]);
  await touch(client, 'touchEnd', []);
  await until('zoom by two fingers', async () => (await span(page)) < before * 0.6);
  await context.close();
}
