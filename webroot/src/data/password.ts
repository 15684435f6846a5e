// SPDX-License-Identifier: Apache-2.0
// Hints while a password is chosen. The gateway decides; this only saves people a refused try.

export const LEAST_LENGTH = 15;

export type Hint = 'short' | 'repeats' | 'sequence' | 'name' | 'good' | 'strong';

export interface Advice {
  hint: Hint;
  /** 0 to 4, for the bar. */
  strength: number;
  /** Characters still missing to the least length. */
  missing: number;
}

function length(text: string): number {
  return [...text].length;
}

function repeats(text: string): boolean {
  return new Set(text.toLowerCase()).size < 6;
}

/** Mostly steps of one up or down: 123456…, abcdef… */
function isSequence(text: string): boolean {
  let steps = 0;
  for (let i = 1; i < text.length; i++) {
    if (Math.abs(text.charCodeAt(i) - text.charCodeAt(i - 1)) === 1) steps++;
  }
  return text.length > 1 && steps / (text.length - 1) > 0.6;
}

function containsName(text: string, name: string): boolean {
  return (
    name.length >= 3 &&
    text.toLowerCase().split(name.toLowerCase()).join('').length < LEAST_LENGTH - 4 &&
    text.toLowerCase().includes(name.toLowerCase())
  );
}

export function advise(password: string, name: string): Advice {
  const size = length(password);
  const missing = Math.max(0, LEAST_LENGTH - size);
  if (missing > 0) return { hint: 'short', strength: size === 0 ? 0 : 1, missing };
  if (repeats(password)) return { hint: 'repeats', strength: 1, missing };
  if (isSequence(password)) return { hint: 'sequence', strength: 1, missing };
  if (containsName(password, name)) return { hint: 'name', strength: 2, missing };
  return size >= 20 ? { hint: 'strong', strength: 4, missing } : { hint: 'good', strength: 3, missing };
}

/** Whether the form may be sent at all. */
export function isLongEnough(password: string): boolean {
  return length(password) >= LEAST_LENGTH;
}
