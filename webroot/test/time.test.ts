// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownZone, offsetAt, startOfDay, wallClock, written } from '../src/data/time';

const HOUR = 3_600_000;
const at = (text: string): number => Date.parse(text);

test('a day begins at the site’s midnight', () => {
  assert.equal(startOfDay(at('2026-06-10T12:00:00Z'), 'Europe/Paris'), at('2026-06-09T22:00:00Z'));
  assert.equal(startOfDay(at('2026-01-10T23:30:00Z'), 'Europe/Paris'), at('2026-01-10T23:00:00Z'));
  assert.equal(startOfDay(at('2026-01-10T22:59:59Z'), 'Europe/Paris'), at('2026-01-09T23:00:00Z'));
  assert.equal(startOfDay(at('2026-01-10T03:00:00Z'), 'UTC'), at('2026-01-10T00:00:00Z'));
  assert.equal(startOfDay(at('2026-01-10T20:00:00Z'), 'Asia/Kathmandu'), at('2026-01-10T18:15:00Z'));
});

test('days of 23 and 25 hours are as long as they are', () => {
  const spring = startOfDay(at('2026-03-29T12:00:00Z'), 'Europe/Paris');
  assert.equal(startOfDay(spring, 'Europe/Paris', 1) - spring, 23 * HOUR);
  const autumn = startOfDay(at('2026-10-25T12:00:00Z'), 'Europe/Paris');
  assert.equal(startOfDay(autumn, 'Europe/Paris', 1) - autumn, 25 * HOUR);
  assert.equal(autumn - startOfDay(autumn, 'Europe/Paris', -1), 24 * HOUR);
});

test('where clocks change at midnight, the day begins when it begins', () => {
  // In Santiago the clock went from 24:00 on 2026-09-05 straight to 01:00.
  const start = startOfDay(at('2026-09-06T15:00:00Z'), 'America/Santiago');
  assert.equal(start, at('2026-09-06T04:00:00Z'));
});

test('every hour of a year lies within the day found for it', () => {
  for (const zone of ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago']) {
    for (let time = at('2026-01-01T00:30:00Z'); time < at('2027-01-01T00:00:00Z'); time += 7 * HOUR) {
      const start = startOfDay(time, zone);
      const end = startOfDay(time, zone, 1);
      assert.ok(start <= time && time < end, `${zone} ${new Date(time).toISOString()}`);
    }
  }
});

test('offsets and wall clocks agree', () => {
  assert.equal(offsetAt(at('2026-07-01T00:00:00.500Z'), 'Europe/Paris'), 2 * HOUR);
  assert.equal(wallClock(at('2026-07-01T00:00:00Z'), 'Europe/Paris'), Date.UTC(2026, 6, 1, 2));
});

test('an unknown zone is read as UTC', () => {
  assert.equal(knownZone('Europe/Berlin'), 'Europe/Berlin');
  assert.equal(knownZone('Mars/Olympus'), 'UTC');
});

test('times are written in the site’s zone', () => {
  assert.equal(written(at('2026-07-01T22:30:05Z'), 'clock', 'en-GB', 'Europe/Paris'), '00:30:05');
  assert.equal(written(at('2026-07-01T22:30:05Z'), 'minute', 'de', 'UTC'), '22:30');
});
