// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveRow } from '../src/app/types';
import { Gather, LEAST_MS } from '../src/live/frame';
import { Hub } from '../src/live/hub';
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS, SILENCE_MS, Stream, type StreamEvent } from '../src/live/stream';

class FakeSource {
  closed = false;
  private readonly listeners = new Map<string, (event: { data?: string }) => void>();
  addEventListener(kind: string, listener: (event: { data?: string }) => void): void {
    this.listeners.set(kind, listener);
  }
  close(): void {
    this.closed = true;
  }
  say(kind: string, data?: string): void {
    if (!this.closed) this.listeners.get(kind)?.({ data });
  }
}

/** Sources that were opened, and a clock that is moved by hand. */
function bench() {
  const sources: FakeSource[] = [];
  const events: StreamEvent[] = [];
  let timers: { at: number; call: () => void }[] = [];
  let now = 0;
  const parts = {
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    later: (call: () => void, delay: number) => {
      const timer = { at: now + delay, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
  };
  const wait = (ms: number): void => {
    now += ms;
    const due = timers.filter((timer) => timer.at <= now);
    timers = timers.filter((timer) => timer.at > now);
    for (const timer of due) timer.call();
  };
  const kinds = (): string => events.map((event) => event.kind).join(' ');
  return { sources, events, parts, wait, kinds, last: () => sources[sources.length - 1]! };
}

test('a stream passes its events on', () => {
  const { parts, events, kinds, last } = bench();
  const stream = new Stream('/live', (event) => events.push(event), parts);
  stream.start();
  stream.start();
  last().say('open');
  last().say('hello', 'H');
  last().say('values', 'V');
  last().say('status', 'S');
  assert.equal(kinds(), 'open hello values status');
  assert.deepEqual(events[2], { kind: 'values', data: 'V' });
});

test('a broken stream is opened again after pauses that grow to a limit', () => {
  const { parts, events, sources, kinds, last, wait } = bench();
  new Stream('/live', (event) => events.push(event), parts).start();
  let pause = FIRST_PAUSE_MS;
  for (let turn = 1; turn < 8; turn++) {
    last().say('error');
    assert.ok(last().closed);
    wait(pause - 1);
    assert.equal(sources.length, turn);
    wait(1);
    assert.equal(sources.length, turn + 1);
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
  }
  assert.equal(kinds(), 'lost lost lost lost lost lost lost');
});

test('a stream that works again begins with the shortest pause', () => {
  const { parts, events, sources, last, wait } = bench();
  new Stream('/live', (event) => events.push(event), parts).start();
  for (let turn = 0; turn < 4; turn++) {
    last().say('error');
    wait(LONGEST_PAUSE_MS);
  }
  last().say('hello', '');
  last().say('error');
  const before = sources.length;
  wait(FIRST_PAUSE_MS);
  assert.equal(sources.length, before + 1);
});

test('silence is a loss', () => {
  const { parts, events, kinds, last, wait } = bench();
  new Stream('/live', (event) => events.push(event), parts).start();
  last().say('hello', '');
  wait(SILENCE_MS - 1);
  last().say('status', '');
  wait(SILENCE_MS - 1);
  assert.equal(kinds(), 'hello status');
  wait(1);
  assert.equal(kinds(), 'hello status lost');
});

test('a stopped stream stays stopped', () => {
  const { parts, events, sources, kinds, last, wait } = bench();
  const stream = new Stream('/live', (event) => events.push(event), parts);
  stream.start();
  last().say('error');
  stream.stop();
  wait(10 * LONGEST_PAUSE_MS);
  assert.equal(sources.length, 1);
  assert.equal(kinds(), 'lost');
});

const tab = () => {
  const got: StreamEvent[] = [];
  return { got, postMessage: (event: StreamEvent) => void got.push(event) };
};
const kindsOf = (events: StreamEvent[]): string => events.map((event) => event.kind).join(' ');

test('tabs share one stream, and a late one gets the hello', () => {
  const { parts, sources, last } = bench();
  const hub = new Hub('/live', parts);
  const one = tab();
  const two = tab();
  hub.command(one, 'start');
  last().say('hello', 'H');
  hub.command(two, 'start');
  last().say('values', 'V');
  assert.equal(sources.length, 1);
  assert.equal(kindsOf(one.got), 'hello values');
  assert.equal(kindsOf(two.got), 'open hello values');
});

test('the last tab closes the stream; the next one opens another', () => {
  const { parts, sources, last } = bench();
  const hub = new Hub('/live', parts);
  const [one, two, three] = [tab(), tab(), tab()];
  hub.command(one, 'start');
  hub.command(two, 'start');
  last().say('hello', 'H');
  hub.command(one, 'stop');
  assert.equal(last().closed, false);
  hub.command(two, 'stop');
  assert.equal(last().closed, true);
  hub.command(three, 'start');
  assert.equal(sources.length, 2);
  assert.equal(kindsOf(three.got), '');
});

test('after a loss a late tab waits for the next hello', () => {
  const { parts, last, wait } = bench();
  const hub = new Hub('/live', parts);
  const [one, two] = [tab(), tab()];
  hub.command(one, 'start');
  last().say('hello', 'H');
  last().say('error');
  hub.command(two, 'start');
  assert.equal(kindsOf(two.got), '');
  wait(FIRST_PAUSE_MS);
  last().say('hello', 'H2');
  assert.equal(kindsOf(one.got), 'hello lost hello');
  assert.equal(kindsOf(two.got), 'hello');
});

test('messages of a moment are applied together, the newest of each point', () => {
  const applied: LiveRow[][] = [];
  const asked: { call: () => void; delay: number }[] = [];
  let now = 0;
  const gather = new Gather((rows) => applied.push([...rows]), {
    now: () => now,
    after: (call, delay) => asked.push({ call, delay }),
  });
  gather.add([]);
  assert.equal(asked.length, 0);
  gather.add([[1, 10, 5]]);
  gather.add([
    [1, 11, 6],
    [2, 11, 7],
  ]);
  assert.deepEqual(
    asked.map((one) => one.delay),
    [0],
  );
  asked[0]!.call();
  assert.deepEqual(applied, [
    [
      [1, 11, 6],
      [2, 11, 7],
    ],
  ]);
  now = 30;
  gather.add([[1, 12, 8]]);
  assert.equal(asked[1]!.delay, LEAST_MS - 30);
  asked[1]!.call();
  assert.deepEqual(applied[1], [[1, 12, 8]]);
});
