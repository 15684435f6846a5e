// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, decimalsOf, NOTHING, number, percent, scaleOf, show, tickDecimals } from '../src/data/format';

const measure = (unit: string, quantity = 'x', decimals = 2) => ({ unit, quantity, decimals });

test('base units become what people read', () => {
  const cases: [string, number, string, string][] = [
    ['W', 0, '0.00', 'kW'],
    ['W', 1234.5, '1.23', 'kW'],
    ['W', -1234.5, '-1.23', 'kW'],
    ['W', 99_994, '99.99', 'kW'],
    ['W', 123_456, '123.5', 'kW'],
    ['W', 4_321_000, '4,321', 'kW'],
    ['W', 12_345_678, '12.35', 'MW'],
    ['var', 1500, '1.50', 'kvar'],
    ['VA', 20_000, '20.00', 'kVA'],
    ['Wh', 12_345, '12.35', 'kWh'],
    ['Wh', 1_234_567, '1,234.6', 'kWh'],
    ['Wh', 12_345_678, '12.35', 'MWh'],
    ['Wh', 12_345_678_901, '12.35', 'GWh'],
    ['varh', 999, '1.00', 'kvarh'],
    ['V', 231.16, '231.2', 'V'],
    ['V', 20_150, '20.2', 'kV'],
    ['A', 5.678, '5.68', 'A'],
    ['A', 56.78, '56.8', 'A'],
    ['Hz', 50.0123, '50.01', 'Hz'],
    ['deg', -120.04, '-120.0', '°'],
    ['s', 59.4, '59', 's'],
    ['s', 7200, '2', 'h'],
    ['%', 1.234, '1.23', '%'],
  ];
  for (const [unit, value, text, shownUnit] of cases) {
    assert.deepEqual(show('en', measure(unit), value), { text, unit: shownUnit }, `${value} ${unit}`);
  }
});

test('power factors have three decimals and no unit', () => {
  assert.deepEqual(show('en', measure('1', 'power_factor_total'), 0.9), { text: '0.900', unit: '' });
  assert.deepEqual(show('en', measure('1', 'load_status', 0), 3), { text: '3', unit: '' });
});

test('what is no number is shown as nothing', () => {
  for (const value of [null, NaN, Infinity]) {
    assert.deepEqual(show('en', measure('W'), value), { text: NOTHING, unit: '' });
  }
});

test('numbers follow the locale and never read minus zero', () => {
  assert.equal(number('de', 1234.5, 1), '1.234,5');
  assert.equal(number('fr', 0.5, 2), '0,50');
  assert.equal(number('en', -0.001, 2), '0.00');
  assert.equal(percent('en', 0.425), '43\u202f%');
});

test('a scale serves an axis', () => {
  assert.deepEqual(scaleOf('W', 2e5), { factor: 1e-3, unit: 'kW' });
  assert.deepEqual(scaleOf('W', -2e7), { factor: 1e-6, unit: 'MW' });
  assert.deepEqual(scaleOf('1', 1), { factor: 1, unit: '' });
});

test('decimals of unknown units stay within reason', () => {
  assert.equal(decimalsOf(measure('m3', 'x', 40), 1), 6);
  assert.equal(decimalsOf(measure('m3', 'x', -1), 1), 0);
});

test('ages are told in their largest whole unit', () => {
  const cases: [number, string][] = [
    [-5, '0s'],
    [0, '0s'],
    [999, '0s'],
    [1000, '1s'],
    [59_999, '59s'],
    [60_000, '1m'],
    [3_600_000, '1h'],
    [90_000_000, '1d'],
  ];
  for (const [span, text] of cases) assert.equal(age('en', span), text);
  assert.equal(age('de', 120_000, 'long'), '2 Minuten');
});

test('ticks show the digits that tell them apart', () => {
  const cases: [number, number][] = [
    [5, 0],
    [2.5, 1],
    [0.25, 2],
    [0.1, 1],
    [-0.002, 3],
    [100, 0],
    [1 / 3, 4],
  ];
  for (const [step, decimals] of cases) assert.equal(tickDecimals(step), decimals, String(step));
});
