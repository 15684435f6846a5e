// SPDX-License-Identifier: Apache-2.0
// A change of a section of the configuration, written so that people can check it before it is applied.

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

const PLAIN = /^([A-Za-z_][\w./-]*|\d+(ms|s|min|h|d))$/;
const RESERVED = new Set(['true', 'false', 'null', 'yes', 'no', 'on', 'off']);

function scalar(value: Value): string {
  if (typeof value !== 'string') return String(value);
  return PLAIN.test(value) && !RESERVED.has(value.toLowerCase()) ? value : JSON.stringify(value);
}

/** In one line, as the configuration file may write it. */
export function flow(value: Value): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(flow).join(', ')} ]`;
  if (value === null || typeof value !== 'object') return scalar(value);
  const parts = Object.entries(value).map(([key, part]) => `${scalar(key)}: ${flow(part)}`);
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`;
}

/** A list gives a line an item, an object a line a key. */
export function linesOf(value: Value): string[] {
  if (value === null) return [];
  if (Array.isArray(value)) return value.map((item) => `- ${flow(item)}`);
  if (typeof value !== 'object') return [scalar(value)];
  return Object.entries(value).map(([key, part]) => `${scalar(key)}: ${flow(part)}`);
}

export interface DiffLine {
  sign: '+' | '-' | ' ';
  text: string;
}

/** Lengths of the longest common subsequence of the tails. */
function tails(old: string[], next: string[]): Uint16Array[] {
  const rows = Array.from({ length: old.length + 1 }, () => new Uint16Array(next.length + 1));
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = next.length - 1; j >= 0; j--) {
      rows[i]![j] =
        old[i] === next[j] ? rows[i + 1]![j + 1]! + 1 : Math.max(rows[i + 1]![j]!, rows[i]![j + 1]!);
    }
  }
  return rows;
}

const MOST_CELLS = 1_000_000;

function middle(old: string[], next: string[]): DiffLine[] {
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  // Too much to compare line by line: all of the old against all of the new.
  if (old.length * next.length <= MOST_CELLS) {
    const rows = tails(old, next);
    while (i < old.length && j < next.length) {
      if (old[i] === next[j]) {
        out.push({ sign: ' ', text: old[i]! });
        i++;
        j++;
      } else if (rows[i + 1]![j]! >= rows[i]![j + 1]!) out.push({ sign: '-', text: old[i++]! });
      else out.push({ sign: '+', text: next[j++]! });
    }
  }
  while (i < old.length) out.push({ sign: '-', text: old[i++]! });
  while (j < next.length) out.push({ sign: '+', text: next[j++]! });
  return out;
}

/** What changes, with at most so many lines around it that stay. */
export function diff(old: string[], next: string[], around = 2): DiffLine[] {
  let head = 0;
  while (head < old.length && head < next.length && old[head] === next[head]) head++;
  let tail = 0;
  const least = Math.min(old.length, next.length) - head;
  while (tail < least && old[old.length - 1 - tail] === next[next.length - 1 - tail]) tail++;
  const same = (text: string): DiffLine => ({ sign: ' ', text });
  if (head === old.length && head === next.length) return [];
  return [
    ...old.slice(Math.max(0, head - around), head).map(same),
    ...middle(old.slice(head, old.length - tail), next.slice(head, next.length - tail)),
    ...old.slice(old.length - tail, old.length - tail + around).map(same),
  ];
}
