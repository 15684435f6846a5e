// SPDX-License-Identifier: Apache-2.0
// A real Chromium for the tests, and a page in it that remembers whatever went wrong.

import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const WIDE = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };
export const NARROW = { width: 320, height: 640 };

export function launch() {
  return chromium.launch({ executablePath: process.env.KW_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

/** Answers that the browser logs as errors although the page expects them. */
const EXPECTED = [
  { status: 401, path: '/api/v1/session' }, // Nobody is logged in, or a wrong password was tried on purpose.
  { status: 403, path: '/api/v1/account/password' }, // A wrong current password was tried on purpose.
  { status: 412, path: '/api/v1/config/meters' }, // Somebody else was faster, on purpose.
  { status: 503, path: '/api/v1/read' }, // A unit was read that nobody has.
  { status: 404, path: '/api/v1/circuits' }, // A gateway that knows no circuits.
];

function isExpected(message) {
  const status = Number(/status of (\d+)/.exec(message.text())?.[1]);
  const { url } = message.location();
  return EXPECTED.some((one) => one.status === status && url.endsWith(one.path));
}

/** Notes console errors, exceptions and requests that leave the gateway; `faults` must stay empty. */
export function watch(page, origin) {
  const faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message)) faults.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    // A file that the page makes itself, for a download.
    const own = [origin, 'data:', `blob:${origin}`].some((start) => url.startsWith(start));
    if (!own) faults.push(`left the gateway: ${url}`);
  });
  return faults;
}

/** Violations of the content security policy, gathered in the page itself. */
export async function watchPolicy(context) {
  await context.addInitScript(() => {
    window.policyViolations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.policyViolations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
    });
  });
}

export function policyViolations(page) {
  return page.evaluate(() => window.policyViolations);
}

export async function open(browser, { viewport = WIDE, dark = false, ...more } = {}) {
  const context = await browser.newContext({
    viewport,
    ignoreHTTPSErrors: true,
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    ...more,
  });
  await watchPolicy(context);
  return context;
}
