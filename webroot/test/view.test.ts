// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alignDown, chooseStep, STEPS } from '../src/data/steps';
import {
  DEFAULT_RANGE,
  ends,
  formatView,
  MOST_POINTS,
  pan,
  parseView,
  select,
  SHORTEST_MS,
  zoom,
} from '../src/data/view';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

test('an address reproduces its view', () => {
  const views = [
    { points: ['a.x', 'b.y'], range: { last_ms: HOUR } },
    { points: ['a.x'], range: { from: NOW - HOUR, to: NOW } },
    { points: [], range: DEFAULT_RANGE },
  ];
  for (const view of views) assert.deepEqual(parseView(formatView(view)), view);
});

test('nonsense in the address becomes the usual view', () => {
  for (const text of [
    'last=0',
    'last=-5',
    'last=abc',
    'from=5',
    'from=9&to=3',
    'from=1e3&to=2e3',
    'last=999999999999999999',
  ]) {
    assert.deepEqual(parseView(new URLSearchParams(text)).range, DEFAULT_RANGE, text);
  }
  assert.deepEqual(parseView(new URLSearchParams('p=,a,,a,b')).points, ['a', 'b']);
  const many = Array.from({ length: 40 }, (_, i) => `m.${i}`).join(',');
  assert.equal(parseView(new URLSearchParams(`p=${many}`)).points.length, MOST_POINTS);
});

test('zoom keeps what lies under the pointer', () => {
  const range = zoom({ from: 0, to: 100_000_000 }, NOW, 0.5, 0.25);
  assert.deepEqual(range, { from: 12_500_000, to: 62_500_000 });
  assert.deepEqual(zoom({ last_ms: HOUR }, NOW, 2), { last_ms: 2 * HOUR });
});

test('zoom ends at its limits', () => {
  assert.deepEqual(zoom({ last_ms: SHORTEST_MS }, NOW, 0.1), { last_ms: SHORTEST_MS });
  const { from, to } = ends(zoom({ from: 0, to: 1e15 }, NOW, 10), NOW);
  assert.ok(to - from < 1e15);
});

test('pan leaves the present and comes back to it', () => {
  const back = pan({ last_ms: HOUR }, NOW, -0.5);
  assert.deepEqual(back, { from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR });
  assert.deepEqual(pan(back, NOW, 0.4), { from: NOW - 1.1 * HOUR, to: NOW - 0.1 * HOUR });
  assert.deepEqual(pan(back, NOW, 0.6), { last_ms: HOUR });
  assert.deepEqual(pan({ last_ms: HOUR }, NOW, 0.5), { last_ms: HOUR });
});

test('a chosen stretch is never too short', () => {
  assert.deepEqual(select(1000, 1200), { from: 1100 - SHORTEST_MS / 2, to: 1100 + SHORTEST_MS / 2 });
});

test('raw rows at most twice the width, stepped rows at most once', () => {
  for (const width of [320, 800, 1440, 3840]) {
    for (const span of [60_000, HOUR, 24 * HOUR, 30 * 24 * HOUR, 366 * 24 * HOUR, 20 * 366 * 24 * HOUR]) {
      for (const period of [1000, 10_000, 60_000]) {
        const step = chooseStep(span, width, period);
        if (step === null) assert.ok(span / period <= 2 * width);
        else assert.ok(span / step <= width, `${span} ${width} ${step}`);
      }
    }
  }
});

test('steps are the ones people know', () => {
  assert.equal(chooseStep(HOUR, 800, 1000), 5000);
  assert.equal(chooseStep(24 * HOUR, 1440, 1000), 60_000);
  assert.equal(chooseStep(900_000, 800, 1000), null);
  assert.ok(STEPS.every((step, i) => i === 0 || step > STEPS[i - 1]!));
});

test('steps count from the epoch', () => {
  assert.equal(alignDown(12_345, 1000), 12_000);
  assert.equal(alignDown(12_345, null), 12_345);
});
