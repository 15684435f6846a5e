// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Activity, ATTENDED_MS } from '../src/app/activity';

const IDLE_MS = 600_000;

test('the gateway hears of activity often enough, but not of every move', () => {
  const activity = new Activity(0);
  let told = 0;
  for (let now = 0; now <= IDLE_MS; now += 1000) if (activity.touch(now, IDLE_MS)) told++;
  assert.equal(told, 4);
  assert.equal(activity.touch(IDLE_MS + 1, Infinity), false);
});

test('a page that nobody touches is unattended', () => {
  const activity = new Activity(0);
  assert.equal(activity.isAttended(ATTENDED_MS - 1), true);
  assert.equal(activity.isAttended(ATTENDED_MS), false);
  activity.touch(ATTENDED_MS, IDLE_MS);
  assert.equal(activity.isAttended(ATTENDED_MS + 1), true);
});
