// SPDX-License-Identifier: Apache-2.0
// The page's language. English is part of the first load; the others are loaded when asked. The choice lasts as long
// as the page: nothing is stored in the browser.

import { computed, signal } from '@preact/signals';
import type { PointInfo } from '../app/types';
import { partsOf } from '../data/quantity';
import { en, type Key, type Messages } from './en';

export type { Key };

export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  it: 'Italiano',
} as const;
export type Language = keyof typeof LANGUAGES;

const load: Record<Exclude<Language, 'en'>, () => Promise<Messages>> = {
  de: async () => (await import('./de')).de,
  fr: async () => (await import('./fr')).fr,
  es: async () => (await import('./es')).es,
  it: async () => (await import('./it')).it,
};

const messages = signal<Messages>(en);
export const language = signal<Language>('en');

/** The browser's own flavour of the language where it has one: en-GB writes dates unlike en-US. */
export const locale = computed(() => {
  const wanted = navigator.languages.find((tag) => tag.split('-')[0] === language.value);
  return wanted ?? language.value;
});

function isLanguage(tag: string): tag is Language {
  return tag in LANGUAGES;
}

export function preferredLanguage(tags: readonly string[]): Language {
  for (const tag of tags) {
    const name = tag.split('-')[0] ?? '';
    if (isLanguage(name)) return name;
  }
  return 'en';
}

export async function speak(next: Language): Promise<void> {
  messages.value = next === 'en' ? en : await load[next]();
  language.value = next;
  document.documentElement.lang = next;
}

export type Values = Record<string, string | number>;

export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function t(key: Key, values: Values = {}): string {
  return fill(messages.value[key], values);
}

type Counted = { [K in Key]: K extends `${infer Stem}.one` ? Stem : never }[Key];

/** A text that depends on a number, by the language's own rule of one and many. */
export function counted(stem: Counted, n: number, values: Values = {}): string {
  const rule = new Intl.PluralRules(language.value).select(n) === 'one' ? 'one' : 'other';
  return t(`${stem}.${rule}` as Key, { n, ...values });
}

/** Translates a key that came from the gateway, or says it with the gateway's own words. */
export function known(prefix: string, key: string, otherwise: string): string {
  const name = `${prefix}.${key}`;
  return name in messages.value ? messages.value[name as Key] : otherwise;
}

export function quantityTitle(point: Pick<PointInfo, 'quantity' | 'title'>): string {
  const { stem, place } = partsOf(point.quantity);
  const text = known('quantity', stem, '');
  if (!text) return point.title;
  return place ? `${text}, ${known('place', place, place)}` : text;
}
