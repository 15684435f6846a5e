// SPDX-License-Identifier: Apache-2.0
// Before the log-in: the log-in page itself and the set-up.

import assert from 'node:assert/strict';
import { assertAccessible } from '../lib/axe.mjs';
import { NARROW, PHONE, WIDE } from '../lib/browser.mjs';
import { logIn, text } from '../lib/site.mjs';
import { until } from '../lib/wait.mjs';

const PASSWORD = 'input[name=password]';

/** Clipboard text arrives by the keyboard's paste, as a person or a password manager brings it. */
async function paste(page, selector, content) {
  await page.focus(selector);
  await page.evaluate((value) => {
    const data = new DataTransfer();
    data.setData('text/plain', value);
    const event = new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true });
    if (document.activeElement.dispatchEvent(event)) document.execCommand('insertText', false, value);
  }, content);
}

export async function loginPage(page, site) {
  await page.goto(site.url);
  await page.waitForSelector(PASSWORD);
  assert.equal(await page.getAttribute(PASSWORD, 'type'), 'password');
  assert.equal(await page.getAttribute(PASSWORD, 'autocomplete'), 'current-password');
  assert.equal(await page.getAttribute('input[name=username]', 'autocomplete'), 'username');
  await paste(page, PASSWORD, 'pasted secret');
  assert.equal(await page.inputValue(PASSWORD), 'pasted secret');
  await page.click('.field-show');
  assert.equal(await page.getAttribute(PASSWORD, 'type'), 'text');
  await page.click('.field-show');
  assert.equal(await page.getAttribute(PASSWORD, 'type'), 'password');
}

export async function firstStartHint(page, site) {
  assert.match(await text(page, '.note.info'), /first time/);
  assert.equal(await page.inputValue('input[name=username]'), 'security');
  await site.shot(page, 'login');
}

export async function wrongPassword(page) {
  await logIn(page, 'security', 'certainly not the password');
  const note = await until('the refusal', () =>
    page
      .locator('.note.bad')
      .isVisible()
      .then((seen) => seen && text(page, '.note.bad')),
  );
  assert.match(note, /wrong/);
}

/** In both themes and down to the narrowest phone. */
export async function outsideLooks(page, site, name) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, viewport] of [
      ['wide', WIDE],
      ['phone', PHONE],
      ['narrow', NARROW],
    ]) {
      await page.setViewportSize(viewport);
      await assertAccessible(page, `${name}, ${colorScheme}, ${width}`);
      await site.shot(page, `${name}-${colorScheme}-${width}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(WIDE);
}

const NEW_PASSWORD = 'input[name=new-password]';

export async function setUp(page, site) {
  await logIn(page, 'security', site.oneTime);
  await page.waitForSelector('.steps');
  assert.equal(await page.getAttribute(NEW_PASSWORD, 'autocomplete'), 'new-password');
  await page.fill(NEW_PASSWORD, 'too short');
  assert.match(await text(page, '.field-hint'), /more characters/);
  assert.equal(await page.isEnabled('button[type=submit]'), false);
  await page.fill(NEW_PASSWORD, site.securityPassword);
  await outsideLooks(page, site, 'setup');
  await page.click('button[type=submit]');
  await page.waitForSelector('input[name=username]:not([readonly])');
  await page.fill('input[name=username]', site.admin);
  await page.fill(NEW_PASSWORD, site.securityPassword);
  assert.match(await text(page, '.field-error'), /another password/);
  await page.fill(NEW_PASSWORD, site.adminPassword);
  await site.shot(page, 'setup-admin');
  await page.click('button[type=submit]');
  await page.waitForSelector('.now-value', { timeout: 15_000 });
  assert.equal(await text(page, '.top-user'), site.admin);
}
