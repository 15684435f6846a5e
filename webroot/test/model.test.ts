// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { effect } from '@preact/signals';
import {
  applyRows,
  catalog,
  forget,
  lines,
  onValues,
  takeCatalog,
  takeMeters,
  type Parts,
} from '../src/app/model';
import type { LineInfo, MeterInfo, PointInfo } from '../src/app/types';

function point(
  id: number,
  meter: string,
  quantity: string,
  value: number | null = 1,
  time: number | null = 1000,
): PointInfo {
  const name = `${meter}.${quantity}`;
  return {
    id,
    name,
    meter,
    quantity,
    title: quantity,
    unit: 'W',
    kind: 'gauge',
    decimals: 0,
    value,
    time,
    quality: 'good',
  };
}

function meter(name: string, state: MeterInfo['state'] = 'ok'): MeterInfo {
  return {
    uid: `uid-${name}`,
    name,
    line: 'panel',
    profile: 'p',
    title: 'Make',
    state,
    text: '',
    since: 0,
    points: [],
  };
}

const LINE: LineInfo = {
  name: 'panel',
  kind: 'tcp',
  address: 'a',
  state: 'up',
  text: '',
  utilisation: 0.1,
  meters: 2,
};

function parts(points: PointInfo[], meters: MeterInfo[]): Parts {
  return {
    site: { name: 'Plant', timezone: 'UTC' },
    circuits: [],
    meters: { lines: [LINE], meters },
    points: { time: 0, points },
  };
}

beforeEach(() => {
  forget();
  takeCatalog(parts([point(1, 'a', 'x'), point(2, 'a', 'y'), point(3, 'b', 'x')], [meter('a'), meter('b')]));
});

test('points are found by id, by name and by meter', () => {
  const known = catalog.value!;
  assert.equal(known.byId.get(2)?.name, 'a.y');
  assert.equal(known.byName.get('b.x')?.id, 3);
  assert.deepEqual([...known.meters[0]!.points.keys()], ['x', 'y']);
});

test('a live value changes its point and no other', () => {
  const seen = { one: 0, other: 0 };
  const ends = [
    effect(() => void (catalog.value!.byId.get(1)!.sample.value, seen.one++)),
    effect(() => void (catalog.value!.byId.get(3)!.sample.value, seen.other++)),
  ];
  applyRows([[1, 2000, 7, 'uncertain_stale']]);
  assert.deepEqual(catalog.value!.byId.get(1)!.sample.value, {
    value: 7,
    time: 2000,
    quality: 'uncertain_stale',
  });
  assert.deepEqual(seen, { one: 2, other: 1 });
  applyRows([[1, 3000, 8]]);
  assert.equal(catalog.value!.byId.get(1)!.sample.value.quality, 'good');
  ends.forEach((end) => end());
});

test('listeners hear once a frame what changed, until they end', () => {
  const heard: number[][] = [];
  const end = onValues((changed) => heard.push(changed.map((one) => one.id)));
  applyRows([
    [1, 2000, 7],
    [3, 2000, 7],
  ]);
  end();
  applyRows([[1, 3000, 7]]);
  assert.deepEqual(heard, [[1, 3]]);
});

test('an unknown point says that the site must be read again', () => {
  assert.equal(applyRows([[1, 2000, 7]]), true);
  assert.equal(applyRows([[99, 2000, 7]]), false);
  forget();
  assert.equal(applyRows([[99, 2000, 7]]), true);
});

test('a new reading keeps signals and newer values', () => {
  const before = catalog.value!;
  applyRows([[1, 5000, 42]]);
  takeCatalog(
    parts(
      [point(1, 'renamed', 'x', 7, 4000), point(3, 'b', 'x', 9, 9000)],
      [{ ...meter('renamed'), uid: 'uid-a' }, meter('b', 'failing')],
    ),
  );
  const after = catalog.value!;
  assert.equal(after.byId.get(1)!.sample, before.byId.get(1)!.sample);
  assert.equal(after.byId.get(1)!.name, 'renamed.x');
  assert.equal(after.byId.get(1)!.sample.value.value, 42);
  assert.equal(after.byId.get(3)!.sample.value.value, 9);
  assert.equal(after.byId.has(2), false);
  assert.equal(after.meters[0]!.info, before.meters[0]!.info);
  assert.equal(after.meters[0]!.name, 'renamed');
  assert.equal(after.meters[1]!.info.value.state, 'failing');
});

test('fresh words reach the meters they belong to', () => {
  takeMeters({ lines: [], meters: [{ ...meter('a', 'failing'), text: 'no answer' }, meter('unheard of')] });
  assert.equal(catalog.value!.meters[0]!.info.value.text, 'no answer');
  assert.equal(catalog.value!.meters.length, 2);
  assert.deepEqual(lines.value, []);
});
