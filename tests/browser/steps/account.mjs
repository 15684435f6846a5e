// SPDX-License-Identifier: Apache-2.0
// The account page, leaving, and coming back with the new password.

import assert from 'node:assert/strict';
import { logIn, text, visit } from '../lib/site.mjs';
import { until } from '../lib/wait.mjs';

async function changePassword(page, current, next) {
  await page.fill('input[name=password]', current);
  await page.fill('input[name=new-password]', next);
  await page.click('button[type=submit]');
}

export async function password(page, site) {
  await visit(page, site, '#/account');
  await page.waitForSelector('input[name=new-password]');
  await changePassword(page, 'not the current password', site.changedPassword);
  await until('the refusal', () => page.locator('.note.bad').isVisible());
  await changePassword(page, site.adminPassword, site.changedPassword);
  await until('the success', () => page.locator('.note.good').isVisible());
}

export async function appearance(page) {
  const background = () => page.evaluate(() => getComputedStyle(document.body.parentElement).backgroundColor);
  const light = await background();
  await page.click('.segmented button:nth-child(3)');
  await until('the dark theme', async () => (await background()) !== light);
  await page.click('.segmented button:nth-child(1)');
  for (const [tag, word] of [
    ['de', 'Konto'],
    ['fr', 'Compte'],
    ['es', 'Cuenta'],
    ['it', 'Account'],
    ['en', 'Account'],
  ]) {
    await page.selectOption('.language select', tag);
    await until(`the language ${tag}`, async () => (await text(page, 'h1')) === word);
    assert.equal(await page.getAttribute('html', 'lang'), tag);
  }
}

export async function leaveAndReturn(page, site) {
  await page.click('.top button:last-of-type');
  await page.waitForSelector('input[name=password]');
  await page.reload();
  await page.waitForSelector('input[name=password]');
  await logIn(page, site.admin, site.changedPassword);
  await page.waitForSelector('.shell');
}

/** Nothing stays in the browser that a script could read. */
export async function nothingStored(page) {
  const stored = await page.evaluate(async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    cookie: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    address: /csrf|session|token/i.test(location.href),
  }));
  assert.deepEqual(stored, { local: 0, session: 0, cookie: '', databases: 0, caches: 0, address: false });
}
