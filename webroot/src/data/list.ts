// SPDX-License-Identifier: Apache-2.0
// Filter, sort and group of the meter table.

export type Direction = 'ascending' | 'descending';

const collators = new Map<string, Intl.Collator>();

function collator(locale: string): Intl.Collator {
  let found = collators.get(locale);
  if (!found) {
    found = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
    collators.set(locale, found);
  }
  return found;
}

function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase();
}

/** Each word of the query must stand somewhere in the text; accents and case do not matter. */
export function matches(query: string, text: string): boolean {
  const folded = fold(text);
  return fold(query)
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

/** Missing values come last in either direction. */
export function sorted<T>(
  items: T[],
  key: (item: T) => string | number | null,
  direction: Direction,
  locale: string,
): T[] {
  const sign = direction === 'ascending' ? 1 : -1;
  const compare = collator(locale).compare;
  return items
    .map((item, at) => ({ item, at, key: key(item) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null)
        return Number(a.key === null) - Number(b.key === null) || a.at - b.at;
      const order =
        typeof a.key === 'number' && typeof b.key === 'number'
          ? a.key - b.key
          : compare(String(a.key), String(b.key));
      return sign * order || a.at - b.at;
    })
    .map((entry) => entry.item);
}

export interface Group<T> {
  name: string;
  items: T[];
}

/** Groups in the order of their names; items without one come last, under the empty name. */
export function grouped<T>(items: T[], key: (item: T) => string, locale: string): Group<T>[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  const compare = collator(locale).compare;
  return [...groups]
    .sort(([a], [b]) => Number(a === '') - Number(b === '') || compare(a, b))
    .map(([name, members]) => ({ name, items: members }));
}
