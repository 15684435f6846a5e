// SPDX-License-Identifier: Apache-2.0
// WEBVIEW-M in a real browser, against a gateway that starts for the first time. The steps build on each other, as a
// person's do: the one-time password works once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, policyViolations, watch } from './lib/browser.mjs';
import { siteFromEnvironment } from './lib/site.mjs';
import * as account from './steps/account.mjs';
import * as bus from './steps/bus.mjs';
import * as hostile from './steps/hostile.mjs';
import * as inside from './steps/inside.mjs';
import * as looks from './steps/looks.mjs';
import * as loss from './steps/loss.mjs';
import * as outside from './steps/outside.mjs';
import * as scan from './steps/scan.mjs';
import * as trends from './steps/trends.mjs';

const site = siteFromEnvironment();
let browser;
let context;
let page;
let faults;
let isSetUp = false;

/** A step behind the log-in: without the set-up it could only wait in vain. */
function insideTest(name, run) {
  test(name, async () => {
    assert.ok(isSetUp, 'the set-up failed');
    await run();
  });
}

before(async () => {
  browser = await launch();
  context = await open(browser);
  page = await context.newPage();
  page.setDefaultTimeout(15_000);
  faults = watch(page, site.url);
});

after(() => browser?.close());

test('log-in page: password managers, paste, show password', () => outside.loginPage(page, site));
test('log-in page: the first start is explained', () => outside.firstStartHint(page, site));
test('log-in page: accessible in both themes and all widths', () =>
  outside.outsideLooks(page, site, 'login'));
test('log-in: a wrong password is refused in words', () => outside.wrongPassword(page));
test('set-up: own password, Admin account, on to the overview', async () => {
  await outside.setUp(page, site);
  isSetUp = true;
});
insideTest('overview: live power, growing curve, consumers, lines', () => inside.overview(page, site));
insideTest('overview: the first load is small', () => inside.firstLoad(page));
insideTest('meters: eight live meters of five makes', () => inside.meterList(page, site));
insideTest('meters: sort, filter, group', () => inside.sortFilterGroup(page));
insideTest('meter: phases, phasors, curve, points', () => inside.oneMeter(page, site));
insideTest('meter: an unknown name is explained', () => inside.unknownMeter(page, site));
insideTest('meter: wiring, least and largest', () => bus.wiring(page, site));
insideTest('meter: a computed one', () => bus.computedMeter(page, site));
insideTest('bus: lines, errors by meter, verdict', () => bus.linesAndErrors(page, site));
insideTest('bus: last frames, pause, filter', () => bus.lastFrames(page));
insideTest('bus: try one read', () => bus.readOnce(page));
insideTest('bus: an unknown line is explained', () => bus.unknownLine(page, site));
insideTest('scan: progress, leave, return, stop', () => scan.progress(page, site));
insideTest('scan: add what was found beside another change', () => scan.addFound(page, site));
insideTest('supervisor: units, registers, CSV', () => bus.supervisor(page, site));
insideTest('trends: choose points, two axes, live tail', () => trends.choosePoints(page, site));
insideTest('trends: zoom and pan by keys, wheel and drag', () => trends.zoomAndPan(page));
insideTest('trends: a stretch without values is left by drag', () => trends.emptyStretch(page));
insideTest('trends: a link reproduces the view', () => trends.linkReproduces(page, context));
insideTest('trends: never more rows than twice the width', () => trends.fewRows(page));
insideTest('trends: one finger moves, two fingers zoom', async () => {
  await trends.fingers(browser, site, await context.storageState());
});
insideTest('live: two tabs share one stream', () => loss.oneStream(context, page, site));
insideTest('account: password', () => account.password(page, site));
insideTest('account: theme and five languages', () => account.appearance(page));
insideTest('account: log out and in again', () => account.leaveAndReturn(page, site));
insideTest('keyboard: skip link, visible focus, focus follows the page', () => looks.keyboard(page, site));
insideTest('navigation on a phone', async () => {
  await looks.phoneNavigation(browser, site, await context.storageState());
});
insideTest('every page: axe finds nothing, light and dark, 1440 to 320 px', async () => {
  await looks.everyPage(browser, site, await context.storageState());
});
insideTest('live: a lost connection is said and made good', async () => {
  await loss.lostAndFound(browser, site, await context.storageState(), true);
});
insideTest('live: so it is in a browser without shared workers', async () => {
  await loss.lostAndFound(browser, site, await context.storageState(), false);
});
insideTest('text from meters and people is text everywhere', async () => {
  await hostile.textIsText(browser, site, await context.storageState());
});
insideTest('nothing is stored where a script could read it', () => account.nothingStored(page));
test('no console errors, no exceptions, no foreign requests, no policy violations', async () => {
  assert.deepEqual(faults, []);
  assert.deepEqual(await policyViolations(page), []);
});
