// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorShare, errorsOf, hexWords, loadOf, moodOfOutcome, partsOf } from '../src/data/bus';
import { addMeters, candidatesOf, countUnits, durationOf, entryOf, faultOf } from '../src/data/scan';
import { isName, isPeriod, SERIAL_UNITS, serialOf, takeSerial, TCP_UNITS, type Candidate } from '../src/data/scan';
import { diff, flow, linesOf, type Value } from '../src/data/change';
import { extremesOf, NONE, widen } from '../src/data/extremes';
import { inWidth, mbpoll, readable } from '../src/data/registers';
import { barsOf, countOf, quantile } from '../src/data/histogram';

const counts = (timeouts: number, crc = 0, foreign = 0, exceptions = 0, requests = 100) => {
  return { timeouts, crc, foreign, exceptions, requests };
};

test('errors add up and are told as a share', () => {
  assert.equal(errorsOf(counts(1, 2, 3, 4)), 10);
  assert.equal(errorShare(counts(5)), 0.05);
  assert.equal(errorShare(counts(5, 0, 0, 0, 2)), 1);
  assert.equal(errorShare(counts(0, 0, 0, 0, 0)), null);
  assert.deepEqual(partsOf(counts(2, 0, 1), 4), [
    { kind: 'timeouts', start: 0, width: 0.5 },
    { kind: 'foreign', start: 0.5, width: 0.25 },
  ]);
});

test('a frame’s colour follows its outcome', () => {
  const of = (outcomes: string): string => outcomes.split(',').map(moodOfOutcome).join();
  assert.equal(of('good,waiting,echo'), 'good,good,good');
  assert.equal(of('timeout,garbled,lost'), 'bad,bad,bad');
  assert.equal(of('foreign,exception 2,late,twice,noise,unheard of'), 'warn,warn,warn,warn,warn,warn');
  assert.deepEqual(hexWords(' 05 03  48 '), ['05', '03', '48']);
});

test('a line is asked for less, much, or more than there is', () => {
  assert.deepEqual(loadOf(0.3, 0.3), { share: 0.3, beyond: 0, mood: 'good' });
  assert.deepEqual(loadOf(0.9, undefined), { share: 0.9, beyond: 0, mood: 'warn' });
  assert.deepEqual(loadOf(1, 2), { share: 1, beyond: 0.5, mood: 'bad' });
  assert.equal(loadOf(1.7, 0.9).share, 1);
});

test('a histogram loses its empty ends and knows its middle', () => {
  const counted = { bounds: [1, 2, 5, 10], counts: [0, 10, 10, 0, 0] };
  assert.deepEqual(barsOf(counted), [
    { from: 1, to: 2, count: 10 },
    { from: 2, to: 5, count: 10 },
  ]);
  assert.equal(countOf(counted), 20);
  assert.equal(quantile(counted, 0.5), 2);
  assert.equal(quantile(counted, 0.75), 3.5);
  assert.deepEqual(barsOf({ bounds: [1], counts: [0, 0] }), []);
  assert.equal(quantile({ bounds: [1], counts: [0, 0] }, 0.5), null);
  assert.equal(quantile({ bounds: [1], counts: [0, 3] }, 0.5), 1);
});

test('units are numbers and ranges within what Modbus allows', () => {
  const cases: [string, number | null][] = [
    ['1-247', 247],
    ['1-10,5, 12 - 13', 12],
    ['7', 1],
    ['0', null],
    ['1-248', null],
    ['9-3', null],
    ['', null],
    ['1,', null],
    ['a', null],
  ];
  for (const [text, wanted] of cases) assert.equal(countUnits(text, SERIAL_UNITS), wanted, text);
  assert.equal(countUnits('0,248-255', TCP_UNITS), 9);
  assert.equal(countUnits('256', TCP_UNITS), null);
});

test('names and periods are those that the configuration takes', () => {
  assert.deepEqual(['kitchen-1', 'a', '-a', 'a b', 'é', 'x'.repeat(64)].map(isName), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  assert.equal(durationOf('1min30s'), 90_000);
  assert.deepEqual(['100ms', '1s', '1d', '50ms', '2d', '1', 's', '1s '].map(isPeriod), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

const unit = (more: object) => {
  return { unit: 5, state: 'found', proposals: [{ profile: 'p' }], name: 'm', every: '1s', meter: null, ...more };
};

test('what was found becomes meters to add, one a load', () => {
  assert.deepEqual(candidatesOf([unit({})])[0], {
    key: '5.1',
    unit: 5,
    load: 1,
    meter: null,
    ticked: true,
    name: 'm',
    profile: 'p',
    every: '1s',
  });
  const loads = candidatesOf([unit({ loads: [1, 2] })]);
  assert.deepEqual(
    loads.map(({ key, name }) => [key, name]),
    [
      ['5.1', 'm-1'],
      ['5.2', 'm-2'],
    ],
  );
  assert.deepEqual(candidatesOf([unit({ state: 'conflict' }), unit({ state: 'foreign' })]), []);
  assert.deepEqual(candidatesOf([unit({ meter: 'there' })]), []);
  assert.equal(candidatesOf([unit({ meter: 'there', loads: [1, 2] })])[0]!.ticked, false);
  assert.equal(candidatesOf([unit({ proposals: [] })])[0]!.ticked, false);
});

test('what keeps a meter from being added is said', () => {
  const one = candidatesOf([unit({})])[0]!;
  const other: Candidate = { ...one, key: '6.1', unit: 6 };
  assert.equal(faultOf(one, [one], new Set()), null);
  assert.equal(faultOf(one, [one, other], new Set()), 'taken');
  assert.equal(faultOf(one, [one, { ...other, ticked: false }], new Set()), null);
  assert.equal(faultOf(one, [one], new Set(['m'])), 'taken');
  assert.equal(faultOf({ ...one, name: 'a b' }, [one], new Set()), 'name');
  assert.equal(faultOf({ ...one, profile: '' }, [one], new Set()), 'profile');
  assert.equal(faultOf({ ...one, every: 'often' }, [one], new Set()), 'every');
});

test('meters are added behind those that are there; what is there already stays as it is', () => {
  const entry = entryOf('panel', candidatesOf([unit({})])[0]!);
  assert.deepEqual(entry, { name: 'm', line: 'panel', unit: 5, profile: 'p', every: '1s' });
  assert.equal(entryOf('panel', candidatesOf([unit({ loads: [1, 2] })])[1]!).load, 2);
  assert.deepEqual(addMeters(null, [entry]), [entry]);
  const old: Value = [{ name: 'x', line: 'panel', unit: 6, profile: 'p' }];
  assert.deepEqual(addMeters(old, [entry]), [...old, entry]);
  assert.deepEqual(addMeters([{ name: 'm', line: 'q', unit: 1 }], [entry]).length, 1);
  assert.deepEqual(addMeters([{ name: 'y', line: 'panel', unit: 5 }], [entry]).length, 1);
  assert.deepEqual(addMeters([{ name: 'y', line: 'panel', unit: 5, load: 2 }], [entry]).length, 2);
});

test('found settings are taken over to their serial line alone', () => {
  assert.deepEqual(serialOf('9600 8E1'), { baud: 9600, parity: 'even', stop_bits: 1 });
  assert.equal(serialOf('host:502'), null);
  const lines: Value = [
    { name: 'a', serial: { port: '/dev/x', baud: 19200 } },
    { name: 'b', tcp: { host: 'h' } },
  ];
  const settings = serialOf('9600 8N2')!;
  const next = takeSerial(lines, 'a', settings);
  assert.deepEqual(next[0], {
    name: 'a',
    serial: { port: '/dev/x', baud: 9600, parity: 'none', stop_bits: 2 },
  });
  assert.deepEqual(takeSerial(lines, 'b', settings), lines);
  assert.deepEqual(takeSerial(null, 'b', settings), []);
});

test('a section is written in lines that people can compare', () => {
  const item: Value = { name: 'a b', n: 1, every: '10s', no: true, list: [1, 'x'], none: null, e: [], o: {} };
  const wanted = '{ name: "a b", n: 1, every: 10s, "no": true, list: [ 1, x ], none: null, e: [], o: {} }';
  assert.equal(flow(item), wanted);
  assert.deepEqual(['1', '1e3', 'true', '', '1 s', '/dev/x'].map(flow), [
    '"1"',
    '"1e3"',
    '"true"',
    '""',
    '"1 s"',
    '"/dev/x"',
  ]);
  assert.deepEqual(linesOf([1, 'a']), ['- 1', '- a']);
  assert.deepEqual(linesOf({ a: 1, b: [2] }), ['a: 1', 'b: [ 2 ]']);
  assert.deepEqual([linesOf(null), linesOf('x')], [[], ['x']]);
});

test('a difference shows what goes and comes, with a little around it', () => {
  const told = (old: string, next: string, around = 1): string =>
    diff(old.split(''), next.split(''), around)
      .map(({ sign, text }) => sign + text)
      .join('');
  assert.equal(told('abcdef', 'abcdef'), '');
  assert.equal(told('abcdef', 'abcXdef'), ' c+X d');
  assert.equal(told('abcdef', 'abdef'), ' b-c d');
  assert.equal(told('abcdef', 'abXdYf', 0), '-c+X d-e+Y');
  assert.equal(told('', 'ab'), '+a+b');
  assert.equal(told('ab', ''), '-a-b');
  assert.equal(told('aa', 'aaa', 0), '+a');
  const many = Array.from({ length: 1500 }, (_, i) => `o${i}`);
  const others = many.map((text) => `n${text}`);
  assert.equal(diff(many, others, 0).length, 3000);
});

test('least and largest of a day, with the time that is known', () => {
  const columns = ['time', 'min', 'max', 'mean'];
  const rows = [
    [1000, 5, 9, 7],
    [2000, null, null, null],
    [3000, 4, 9, 7],
  ];
  const found = extremesOf(columns, rows, 1000);
  assert.deepEqual(found, {
    min: { value: 4, time: 3000, within: 1000 },
    max: { value: 9, time: 1000, within: 1000 },
  });
  assert.equal(widen(found, 3500, 6), found);
  assert.deepEqual(widen(found, 3500, 3).min, { value: 3, time: 3500, within: 0 });
  assert.deepEqual(widen(NONE, 1, 2), {
    min: { value: 2, time: 1, within: 0 },
    max: { value: 2, time: 1, within: 0 },
  });
});

test('registers are listed in either width', () => {
  const one = { address: 24, registers: 2, type: 'f32', f64_address: 48 };
  const far = { address: 65_000, registers: 2, type: 'f32', f64_address: null };
  assert.deepEqual(inWidth([one, far], 'f32'), [one, far]);
  assert.deepEqual(inWidth([one, far], 'f64'), [{ ...one, address: 48, registers: 4, type: 'f64' }]);
});

test('the example reads what is listed, from a listener without certificates', () => {
  const at = (service: string, port: number) => ({ service, port, state: '' });
  const tcp = at('modbus_tcp', 1502);
  assert.equal(readable([at('modbus_tls', 802), at('modbus_tcp', 0), tcp]), tcp);
  assert.equal(readable([at('modbus_rtu_tcp', 1503)]), null);
  const wanted = { unit: 255, address: 24, registers: 2, type: 'f32' };
  assert.equal(
    mbpoll('gateway', 1502, wanted),
    'mbpoll -m tcp -a 255 -0 -r 24 -t 4:float -B -c 1 -1 -p 1502 gateway',
  );
  assert.match(mbpoll('g', 502, { ...wanted, registers: 4, type: 'f64' }), /-t 4:hex -c 4 /);
});
