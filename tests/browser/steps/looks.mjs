// SPDX-License-Identifier: Apache-2.0
// Every page in both themes and three widths: accessible, and nothing wider than the screen.

import assert from 'node:assert/strict';
import { assertAccessible } from '../lib/axe.mjs';
import { NARROW, open, PHONE, policyViolations, watch, WIDE } from '../lib/browser.mjs';
import { visit } from '../lib/site.mjs';
import { until } from '../lib/wait.mjs';
import { isLive } from './inside.mjs';

const WIDTHS = [
  ['wide', WIDE],
  ['phone', PHONE],
  ['narrow', NARROW],
];

async function pagesOf(page) {
  const meter = await page.evaluate(async () => {
    const { meters } = await (await fetch('/api/v1/meters')).json();
    return meters.find((one) => one.state === 'ok').name;
  });
  return [
    ['overview', '#/overview', '.chart canvas'],
    ['meters', '#/meters', 'tr[data-meter]'],
    ['meter', `#/meters/${encodeURIComponent(meter)}`, '.chart canvas'],
    ['trends', `#/trends?p=${encodeURIComponent(meter)}.active_power_total&last=900000`, '.chart canvas'],
    ['trends-empty', '#/trends', '.empty'],
    ['bus', '#/bus', '.frames tbody tr'],
    ['scan', '#/bus/scan', '.scan-table tbody tr'],
    ['supervisor', '#/supervisor', '.registers tbody tr'],
    ['account', '#/account', 'input[name=new-password]'],
  ];
}

async function look(page, site, [name, hash, ready], colorScheme, width) {
  await visit(page, site, hash);
  await page.waitForSelector(ready);
  await isLive(page);
  const where = `${name}-${colorScheme}-${width}`;
  const wider = await page.evaluate(() => {
    const boxes = [document.scrollingElement, document.querySelector('main')];
    return Math.max(...boxes.map((box) => box.scrollWidth - box.clientWidth));
  });
  assert.ok(wider <= 0, `${where} is ${wider} px wider than the screen`);
  await assertAccessible(page, where);
  await site.shot(page, where);
}

export async function everyPage(browser, site, storageState) {
  const faults = [];
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, viewport] of WIDTHS) {
      const context = await open(browser, { viewport, dark: colorScheme === 'dark', storageState });
      const page = await context.newPage();
      const seen = watch(page, site.url);
      await visit(page, site, '#/overview');
      await isLive(page);
      for (const row of await pagesOf(page)) await look(page, site, row, colorScheme, width);
      faults.push(...seen, ...(await policyViolations(page)));
      await context.close();
    }
  }
  assert.deepEqual(faults, []);
}

/** On a phone four pages stand in the bar; the others come out of it and go back. */
export async function phoneNavigation(browser, site, storageState) {
  const context = await open(browser, { viewport: NARROW, storageState });
  const page = await context.newPage();
  await visit(page, site, '#/overview');
  await isLive(page);
  const last = page.locator('.nav-further a').last();
  assert.equal(await last.isVisible(), false);
  await page.click('.nav-more');
  assert.equal(await last.isVisible(), true);
  await assertAccessible(page, 'open navigation');
  await site.shot(page, 'navigation-narrow');
  await page.keyboard.press('Escape');
  assert.equal(await last.isVisible(), false);
  await page.click('.nav-more');
  await last.click();
  await until('the page', async () => (await last.isVisible()) === false);
  assert.notEqual(new URL(page.url()).hash, '#/overview');
  await context.close();
}

/** By Tab alone: the first stop skips to the content, the next lead into the navigation, each visibly in focus. */
export async function keyboard(page, site) {
  await visit(page, site, '#/overview');
  await page.reload();
  await isLive(page);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  const stops = [];
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab');
    stops.push(
      await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        return {
          name: document.activeElement.textContent,
          outlined: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2,
        };
      }),
    );
  }
  assert.ok(
    stops.every((stop) => stop.outlined),
    JSON.stringify(stops),
  );
  await page.locator('.nav a').nth(1).focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('tr[data-meter]');
  await until('the focus in the new page', () => page.evaluate(() => document.activeElement.id === 'main'));
}
