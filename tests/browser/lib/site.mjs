// SPDX-License-Identifier: Apache-2.0
// The gateway under test, from the environment, and the passwords that this run gives it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; see tests/browser/README.md`);
  return value;
}

const words = () => `browser test ${randomBytes(9).toString('hex')}`;

export function siteFromEnvironment() {
  const folder = process.env.KW_SCREENSHOTS;
  if (folder) mkdirSync(folder, { recursive: true });
  return {
    url: new URL(needed('KW_URL')).origin,
    oneTime: readFileSync(needed('KW_PASSWORD_FILE'), 'utf8').trim(),
    securityPassword: words(),
    admin: 'anna',
    adminPassword: words(),
    changedPassword: words(),
    shot: async (page, name) => {
      if (folder) await page.screenshot({ path: path.join(folder, `${name}.png`) });
    },
  };
}

/** Goes to a page of the application by its address. */
export async function visit(page, site, hash) {
  await page.goto(`${site.url}/${hash}`);
}

export async function logIn(page, user, password) {
  await page.fill('input[name=username]', user);
  await page.fill('input[name=password]', password);
  await page.click('button[type=submit]');
}

export const text = (page, selector) => page.locator(selector).first().textContent();
