// SPDX-License-Identifier: Apache-2.0
// Text from meters and people is text: every name, label, title and message that the gateway sends is replaced on its
// way by something that would run or break out, and all pages are walked.

import assert from 'node:assert/strict';
import { open, policyViolations, watch } from '../lib/browser.mjs';
import { visit } from '../lib/site.mjs';
import { isLive } from './inside.mjs';

const MARK = 'window.wasRun=1';
const PAYLOADS = [
  `<img src=x onerror="${MARK}">`,
  `<script>${MARK}</script>`,
  `"><svg onload=${MARK}>`,
  `javascript:${MARK}`,
  `'-${MARK}-'`,
  `</textarea><iframe srcdoc="<script>parent.${MARK}</script>">`,
  `{{constructor.constructor('${MARK}')()}}`,
  `<a href="javascript:${MARK}">x</a>`,
  `<style>*{background:url(//example.invalid)}</style>`,
  '../../api/v1/session?%00#/account',
  '__proto__',
  'constructor',
  '\u202e\u0000\u2028long '.repeat(40),
];

/** A meter keeps one hostile name wherever it is named. */
class Poison {
  names = new Map();

  of(seed) {
    return PAYLOADS[seed % PAYLOADS.length];
  }

  name(name) {
    if (!this.names.has(name)) this.names.set(name, `${this.of(this.names.size)}${name}`);
    return this.names.get(name);
  }

  meters({ lines, meters }) {
    return {
      lines: lines.map((line, i) => ({
        ...line,
        name: this.name(line.name),
        address: this.of(i),
        text: this.of(i + 1),
        state: 'down',
      })),
      meters: meters.map((meter, i) => ({
        ...meter,
        name: this.name(meter.name),
        line: meter.line && this.name(meter.line),
        title: this.of(i),
        text: this.of(i + 2),
        state: i % 2 ? 'failing' : meter.state,
        labels: { [this.of(i + 3)]: this.of(i + 4) },
        attributes: { info_name: this.of(i + 5) },
      })),
    };
  }

  bus({ line, meters, frames }) {
    return {
      line: { ...line, name: this.name(line.name), address: this.of(1), verdict: this.of(2), verdict_key: this.of(3) },
      meters: meters.map((meter, i) => ({ ...meter, name: this.name(meter.name), verdict: this.of(i), verdict_key: '' })),
      frames: frames.map((frame, i) => ({
        ...frame,
        meaning: this.of(i),
        outcome: this.of(i + 1),
        hex: this.of(i + 2),
      })),
    };
  }

  scan({ scans }) {
    const found = (one, i) => ({
      ...one,
      make: this.of(i),
      model: this.of(i + 1),
      serial: this.of(i + 2),
      text: this.of(i + 3),
      name: this.of(i + 4),
      every: this.of(i + 5),
      settings: this.of(i + 6),
      proposals: [{ profile: this.of(i + 7), title: this.of(i + 8), score: 1 }],
      meter: null,
    });
    return {
      scans: scans.map((scan, i) => ({
        ...scan,
        line: this.name(scan.line),
        text: this.of(i),
        settings: this.of(i + 1),
        found: scan.found.map(found),
      })),
    };
  }

  supervisor({ listeners, units, ...rest }) {
    const conflicts = [{ unit: 1, meter: this.of(0), line: this.of(1), taken_by: this.of(2) }];
    return {
      ...rest,
      conflicts,
      connections: [{ address: this.of(3), service: this.of(4), role: this.of(5), since: 0, requests: 1 }],
      listeners: listeners.map((one, i) => ({ ...one, service: this.of(i), address: this.of(i + 1), text: this.of(i) })),
      units: units.map((one, i) => ({ ...one, meter: this.name(one.meter), line: this.of(i) })),
    };
  }

  registers({ registers, ...rest }) {
    const poisoned = registers.map((one, i) => ({ ...one, point: this.of(i), title: this.of(i + 1), unit: this.of(i + 2) }));
    return { ...rest, registers: poisoned.slice(0, 2 * PAYLOADS.length) };
  }

  points({ time, points }) {
    const poisoned = points.map((point, i) => {
      const meter = this.name(point.meter);
      const quantity = i % 7 ? point.quantity : `${point.quantity}${this.of(i)}`;
      return {
        ...point,
        meter,
        quantity,
        name: `${meter}.${quantity}`,
        title: this.of(i),
        unit: i % 5 ? point.unit : this.of(i),
      };
    });
    return { time, points: poisoned };
  }
}

async function poison(page, poisoned) {
  const rewrite = async (path, change, ask = (url) => url) => {
    await page.route(`**/api/v1${path}`, async (route) => {
      const response = await route.fetch({ url: ask(route.request().url()) });
      await route.fulfill({ response, json: change(await response.json()) });
    });
  };
  await rewrite('/site', () => ({ name: PAYLOADS[0], timezone: PAYLOADS[1] }));
  await rewrite('/meters', (body) => poisoned.meters(body));
  await rewrite('/points', (body) => poisoned.points(body));
  await rewrite('/scan', (body) => poisoned.scan(body));
  await rewrite('/supervisor', (body) => poisoned.supervisor(body));
  await rewrite('/supervisor/registers', (body) => poisoned.registers(body));
  // The page asks for the poisoned name; the gateway knows the other.
  const real = (url) => {
    const asked = new URL(url);
    const line = asked.searchParams.get('line');
    for (const [name, hostile] of poisoned.names) if (hostile === line) asked.searchParams.set('line', name);
    return asked.href;
  };
  await rewrite('/bus?*', (body) => poisoned.bus(body), real);
}

export async function textIsText(browser, site, storageState) {
  const context = await open(browser, { storageState });
  const page = await context.newPage();
  const faults = watch(page, site.url);
  const poisoned = new Poison();
  await poison(page, poisoned);
  await visit(page, site, '#/overview');
  await isLive(page);
  await page.waitForSelector('.troubles li');
  await site.shot(page, 'hostile-overview');
  await visit(page, site, '#/meters');
  await page.waitForSelector('tr[data-meter]');
  await page.selectOption('.choice select', { index: 3 });
  await site.shot(page, 'hostile-meters');
  for (const name of poisoned.names.values()) {
    await visit(page, site, `#/meters/${encodeURIComponent(name)}`);
    await page.waitForSelector('.meter-title, .empty');
  }
  await visit(page, site, '#/bus');
  await page.waitForSelector('.frames tbody tr');
  await site.shot(page, 'hostile-bus');
  await visit(page, site, '#/bus/scan');
  await page.waitForSelector('.scan-table tbody tr');
  await site.shot(page, 'hostile-scan');
  await visit(page, site, '#/supervisor');
  await page.waitForSelector('.registers tbody tr');
  await site.shot(page, 'hostile-supervisor');
  await visit(
    page,
    site,
    `#/trends?p=${encodeURIComponent(PAYLOADS.slice(0, 5).join(','))}&last=${encodeURIComponent(PAYLOADS[1])}`,
  );
  await page.waitForSelector('.note.warn');
  await page.fill('input[role=combobox]', 'power');
  await page.waitForSelector('[role=option]');
  await site.shot(page, 'hostile-trends');
  assert.equal(await page.evaluate(() => window.wasRun), undefined);
  assert.equal(await page.locator('main img, main script, main iframe, main style').count(), 0);
  assert.deepEqual([...faults, ...(await policyViolations(page))], []);
  await context.close();
}
