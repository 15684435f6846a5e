// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { QUALITIES } from '../src/app/types';
import { de } from '../src/i18n/de';
import { en, type Key } from '../src/i18n/en';
import { es } from '../src/i18n/es';
import { fr } from '../src/i18n/fr';
import { counted, fill, known, preferredLanguage, quantityTitle, t } from '../src/i18n';
import { it } from '../src/i18n/it';
import { verdictText } from '../src/ui/verdict';

const LANGUAGES = { de, fr, es, it };
const marks = (text: string): string => [...text.matchAll(/\{\w+\}/g)].map(String).sort().join();

test('each language says everything, with the same blanks to fill', () => {
  const keys = Object.keys(en) as Key[];
  for (const [name, messages] of Object.entries(LANGUAGES)) {
    assert.deepEqual(Object.keys(messages), keys, name);
    for (const key of keys) {
      assert.ok(messages[key].trim(), `${name} ${key}`);
      assert.equal(marks(messages[key]), marks(en[key]), `${name} ${key}`);
    }
  }
});

test('every quality has a name', () => {
  for (const quality of QUALITIES) assert.notEqual(known('quality', quality, ''), '', quality);
});

test('blanks are filled, unknown ones stay', () => {
  assert.equal(fill('{a} of {b}', { a: 1 }), '1 of {b}');
  assert.equal(t('login.wait', { seconds: 5 }), 'Wait 5 s');
});

test('one and many', () => {
  assert.equal(counted('line.meters', 1), '1 meter');
  assert.equal(counted('line.meters', 0), '0 meters');
});

test('the gateway’s own words stand in for what has no translation', () => {
  assert.equal(known('problem', 'unheard_of', 'as the gateway says'), 'as the gateway says');
  assert.equal(quantityTitle({ quantity: 'active_power_l1', title: '?' }), 'Active power, L1');
  assert.equal(quantityTitle({ quantity: 'tank_level', title: 'Level of the tank' }), 'Level of the tank');
});

test('the first language that people ask for and the page speaks', () => {
  assert.equal(preferredLanguage(['nl-NL', 'fr-CH', 'de']), 'fr');
  assert.equal(preferredLanguage(['nl']), 'en');
  assert.equal(preferredLanguage([]), 'en');
});

test('a verdict is told in the page’s words, an unknown one in the gateway’s', () => {
  Object.defineProperty(globalThis, 'navigator', { value: { languages: ['en-GB'] }, configurable: true });
  const values = { unit: 7, share: 0.031, count: 2, of: 8, mean: 12, timeout: 500, demand: 1.305 };
  const said = (key: string): string => {
    return verdictText({ verdict: 'as it says', verdict_key: key, verdict_values: values }).replace(/\u202f/g, ' ');
  };
  assert.match(said('meter_crc'), /^Unit 7: 3\.1 % CRC errors/);
  assert.match(said('meter_slow'), /12 ms of the 500 ms/);
  assert.match(said('line_overload'), /1\.3[01] times/);
  assert.equal(said('unheard_of'), 'as it says');
  assert.equal(said(''), 'as it says');
  assert.equal(verdictText({}), '');
});
