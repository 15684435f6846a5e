// SPDX-License-Identifier: Apache-2.0
// Heads of columns that sort a table.

import { useState } from 'preact/hooks';
import type { Direction } from '../data/list';
import { Icon } from './Icon';

export interface Sorting<K extends string> {
  key: K;
  direction: Direction;
  onSort: (key: K) => void;
}

/** Of figures people want the largest first, of texts the beginning of the alphabet. */
export function useSorting<K extends string>(first: K, texts: readonly K[]): Sorting<K> {
  const [key, setKey] = useState<K>(first);
  const usual = (of: K): Direction => (texts.includes(of) ? 'ascending' : 'descending');
  const [direction, setDirection] = useState<Direction>(usual(first));
  const onSort = (next: K): void => {
    if (next !== key) setDirection(usual(next));
    else setDirection(direction === 'ascending' ? 'descending' : 'ascending');
    setKey(next);
  };
  return { key, direction, onSort };
}

interface SortHeadProps<K extends string> {
  column: K;
  text: string;
  sorting: Sorting<K>;
}

export function SortHead<K extends string>({ column, text, sorting }: SortHeadProps<K>) {
  const active = column === sorting.key;
  return (
    <th scope="col" class={`c-${column}`} aria-sort={active ? sorting.direction : undefined}>
      <button type="button" class="sort" onClick={() => sorting.onSort(column)}>
        {text}
        {active && <Icon name={sorting.direction === 'ascending' ? 'up' : 'down'} size={14} />}
      </button>
    </th>
  );
}
