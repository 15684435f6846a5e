// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curveOf, emptyCurve, gapOf, grow, sumCurves, summarise, trim, valueAt } from '../src/data/curve';

const RAW = ['time', 'value', 'quality'];
const STEPPED = ['time', 'min', 'max', 'mean', 'first', 'last', 'count'];

test('raw rows become a curve whose band is its line', () => {
  const curve = curveOf(
    RAW,
    [
      [0, 1],
      [1000, 2],
      [2000, null, 'bad_timeout'],
      [3000, 4],
    ],
    null,
  );
  assert.deepEqual(curve.times, [0, 1000, 2000, 3000]);
  assert.deepEqual(curve.mean, [1, 2, null, 4]);
  assert.deepEqual(curve.min, curve.mean);
});

test('stepped rows carry mean, least and largest', () => {
  const curve = curveOf(
    STEPPED,
    [
      [0, 1, 9, 5, 2, 3, 10],
      [1000, 2, 8, 4, 2, 3, 7],
    ],
    1000,
  );
  assert.deepEqual(curve.mean, [5, 4]);
  assert.deepEqual(curve.min, [1, 2]);
  assert.deepEqual(curve.max, [9, 8]);
  assert.equal(curve.lastCount, 7);
});

test('missing rows leave a gap', () => {
  const curve = curveOf(
    RAW,
    [
      [0, 1],
      [1000, 1],
      [2000, 1],
      [60_000, 1],
    ],
    null,
  );
  assert.deepEqual(curve.times, [0, 1000, 2000, 2001, 60_000]);
  assert.deepEqual(curve.mean, [1, 1, 1, null, 1]);
});

test('a slow meter has no gaps in fine steps', () => {
  const rows = [0, 60_000, 120_000, 180_000].map((time) => [time, 1, 1, 1, 1, 1, 1]);
  assert.equal(curveOf(STEPPED, rows, 10_000).times.length, 4);
  assert.equal(gapOf([0, 60_000, 120_000], 10_000), 150_000);
  assert.equal(gapOf([], 1000), 2500);
});

test('live values grow a raw curve and leave a gap where they stayed away', () => {
  const curve = emptyCurve(null);
  assert.equal(grow(curve, 1000, 5), true);
  assert.equal(grow(curve, 1000, 6), false);
  assert.equal(grow(curve, 500, 6), false);
  assert.equal(grow(curve, 2000, 6), true);
  assert.equal(grow(curve, 9000, 7), true);
  assert.deepEqual(curve.times, [1000, 2000, 2001, 9000]);
  assert.deepEqual(curve.mean, [5, 6, null, 7]);
});

test('live values widen the last bucket by their weight', () => {
  const curve = curveOf(STEPPED, [[0, 10, 20, 15, 0, 0, 3]], 10_000);
  assert.equal(grow(curve, 9000, 35), true);
  assert.deepEqual([curve.mean[0], curve.min[0], curve.max[0]], [20, 10, 35]);
  assert.equal(grow(curve, 10_000, 7), true);
  assert.deepEqual(curve.times, [0, 10_000]);
  grow(curve, 11_000, 9);
  assert.deepEqual([curve.mean[1], curve.min[1], curve.max[1]], [8, 7, 9]);
});

test('a missing value begins a bucket but never spoils one', () => {
  const curve = emptyCurve(10_000);
  grow(curve, 0, null);
  assert.deepEqual(curve.mean, [null]);
  grow(curve, 1000, 4);
  assert.equal(grow(curve, 2000, null), false);
  assert.deepEqual(curve.mean, [4]);
  grow(curve, 3000, 6);
  assert.deepEqual(curve.mean, [5]);
});

test('trimming keeps the row that leads into the picture', () => {
  const curve = curveOf(
    RAW,
    [
      [0, 1],
      [1000, 2],
      [2000, 3],
      [3000, 4],
    ],
    null,
  );
  trim(curve, 1500);
  assert.deepEqual(curve.times, [1000, 2000, 3000]);
  assert.deepEqual(curve.min, [2, 3, 4]);
  trim(curve, 0);
  assert.equal(curve.times.length, 3);
  trim(curve, 99_000);
  assert.deepEqual(curve.times, [3000]);
});

test('curves add up where they meet', () => {
  const one = curveOf(
    STEPPED,
    [
      [0, 0, 0, 1, 0, 0, 1],
      [1000, 0, 0, 2, 0, 0, 1],
    ],
    1000,
  );
  const two = curveOf(
    STEPPED,
    [
      [0, 0, 0, 10, 0, 0, 1],
      [1000, 0, 0, null, 0, 0, 1],
    ],
    1000,
  );
  assert.deepEqual(sumCurves([one, two], 1000).mean, [11, 2]);
  assert.equal(sumCurves([one], 1000), one);
  assert.deepEqual(sumCurves([], 1000).times, []);
});

test('a summary speaks of what is in sight', () => {
  const curve = curveOf(
    STEPPED,
    [
      [0, -5, 50, 10, 0, 0, 1],
      [1000, 1, 9, 4, 0, 0, 1],
      [2000, 2, 12, 6, 0, 0, 1],
    ],
    1000,
  );
  assert.deepEqual(summarise(curve, 1000, 2000), { min: 1, max: 12, mean: 5, peak: 2000 });
  assert.deepEqual(summarise(curve, 5000, 6000), { min: null, max: null, mean: null, peak: null });
});

test('the value at a time is the one last known', () => {
  const curve = curveOf(
    RAW,
    [
      [0, 1],
      [1000, 2],
      [2000, null],
      [3000, 4],
    ],
    null,
  );
  const cases: [number, number | null][] = [
    [-1, null],
    [0, 1],
    [999, 1],
    [1000, 2],
    [2500, null],
    [9000, 4],
  ];
  for (const [time, value] of cases) assert.equal(valueAt(curve, time), value, String(time));
  assert.equal(valueAt(emptyCurve(null), 5), null);
});
