// SPDX-License-Identifier: Apache-2.0
// Bus, one read, wiring, supervisor: what a person looks for when a meter does not answer or another system asks.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { text, visit } from '../lib/site.mjs';
import { until, untilChanged } from '../lib/wait.mjs';
import { isLive } from './inside.mjs';

const NOBODY = 240;

/** The line with most meters that answer, and one of these. */
export async function busiestLine(page) {
  return page.evaluate(async () => {
    const { lines, meters } = await (await fetch('/api/v1/meters')).json();
    const on = (line) => meters.filter((one) => one.line === line.name && one.state === 'ok');
    const line = lines.sort((a, b) => on(b).length - on(a).length)[0];
    const meter = on(line)[0];
    return { line: line.name, meters: line.meters, unit: meter.unit, profile: meter.profile, meter: meter.name };
  });
}

const frames = (page) => page.locator('.frames tbody tr');

export async function linesAndErrors(page, site) {
  await visit(page, site, '#/bus');
  await isLive(page);
  const { line, meters } = await busiestLine(page);
  await page.waitForSelector('.line-pick [data-line]');
  await page.click(`.line-pick [data-line="${line}"] a`);
  await until('the line’s own address', () => page.url().includes(encodeURIComponent(line)));
  await page.waitForSelector('.line-card .histogram rect');
  assert.equal(await page.locator('[data-bus-meter]').count(), meters);
  assert.ok(await page.locator('.line-card .note').isVisible(), 'a verdict');
  await page.click('th.c-unit .sort');
  const units = await page.locator('.bus-meters td.c-unit').allTextContents();
  assert.deepEqual(
    units,
    [...units].sort((a, b) => a - b),
  );
  await site.shot(page, 'bus');
}

export async function lastFrames(page) {
  await page.waitForSelector('.frames tbody tr');
  const first = () => frames(page).first().textContent();
  await untilChanged('the newest frame', first);
  assert.match(await text(page, '.frames .hex'), /^([0-9a-f]{2} )+$/i);
  await page.click('.frames-card .card-head button');
  const held = await first();
  const newer = () => page.evaluate(() => fetch('/api/v1/meters').then((reply) => reply.json()));
  const polls = async () => (await newer()).meters.reduce((sum, one) => sum + (one.bus?.polls ?? 0), 0);
  await untilChanged('polls behind the still list', polls);
  assert.equal(await first(), held, 'the list stands still');
  await page.click('.frames-card .card-head button');
  await untilChanged('the newest frame, again', first);
  const { unit } = await busiestLine(page);
  await page.locator('.frames-card .choice select').first().selectOption(String(unit));
  await until('frames of one meter', async () => {
    const shown = await page.locator('.frames td.c-unit').allTextContents();
    return shown.length > 0 && shown.every((one) => one === String(unit));
  });
}

export async function readOnce(page) {
  const { unit, profile } = await busiestLine(page);
  const read = async (which) => {
    await page.fill('.try-read input[name=unit]', String(which));
    await page.fill('.try-read input[name=profile]', profile);
    await page.click('.try-read button[type=submit]');
  };
  await read('x');
  assert.ok(await page.locator('.try-read .field-error').isVisible(), 'a unit is a number');
  await read(unit);
  await page.waitForSelector('.read-table tbody tr');
  assert.ok((await page.locator('.read-table .value.good').count()) >= 3, 'values');
  await read(NOBODY);
  await until('that nobody answers', () => page.locator('.try-read .note.bad').isVisible());
}

export async function unknownLine(page, site) {
  await visit(page, site, '#/bus/line/there-is-no-such-line');
  await until('the explanation', () => page.locator('.empty').isVisible());
}

export async function wiring(page, site) {
  const { meter } = await busiestLine(page);
  await visit(page, site, `#/meters/${encodeURIComponent(meter)}`);
  await page.waitForSelector('.findings [data-check=currents]');
  const bad = await page.locator('.findings [data-verdict=bad]').allTextContents();
  assert.deepEqual(bad, [], 'the plant is wired as it should be');
  assert.ok((await page.locator('.arrow.current').count()) >= 1, 'currents in the diagram');
  await page.waitForSelector('.extremes tbody tr');
  assert.match(await text(page, '.extremes .extreme a'), /\d\d:\d\d/);
}

export async function computedMeter(page, site) {
  const name = await page.evaluate(async () => {
    const ask = async (path) => (await fetch(`/api/v1${path}`)).json();
    const { meters } = await ask('/meters');
    const { points } = await ask('/points');
    const known = new Set(meters.filter((one) => one.line !== null).map((one) => one.name));
    return points.find((one) => !known.has(one.meter))?.meter;
  });
  assert.ok(name, 'a computed meter');
  await visit(page, site, '#/meters');
  await page.click(`tr[data-meter="${name}"] .c-name a`);
  await page.waitForSelector('.meter-title');
  assert.equal(await text(page, 'h1'), name);
  await untilChanged('its power', () => text(page, '.tile .number'));
  assert.equal(await page.locator('.wiring').count(), 0, 'a sum has no wires');
}

export async function supervisor(page, site) {
  await visit(page, site, '#/supervisor');
  await page.waitForSelector('.registers tbody tr');
  assert.ok((await page.locator('.listeners li').count()) >= 1, 'listeners');
  const { meter } = await busiestLine(page);
  await page.locator('.units a', { hasText: meter }).first().click();
  await until('the meter in the address', () => page.url().endsWith(`supervisor/${encodeURIComponent(meter)}`));
  await until('its registers alone', async () => {
    const points = await page.locator('.registers .c-point .mono').allTextContents();
    return points.length > 0 && points.every((point) => point.startsWith(`${meter}.`));
  });
  await until('live values', () => page.locator('.registers .value.good').count());
  const all = await page.locator('.registers tbody tr').count();
  await page.fill('.registers-card input[type=search]', 'active_power_total');
  await until('the filter', async () => {
    const left = await page.locator('.registers tbody tr').count();
    return left >= 1 && left < all;
  });
  await page.fill('.registers-card input[type=search]', '');
  assert.match(await text(page, '.command code'), /^mbpoll .*-a \d+ .*-p \d+ /);
  const waiting = page.waitForEvent('download');
  await page.click('.registers-card .card-head .button');
  const csv = await readFile(await (await waiting).path(), 'utf8');
  assert.ok(csv.split('\n').length > all, 'a row for each register');
  await site.shot(page, 'supervisor');
}
