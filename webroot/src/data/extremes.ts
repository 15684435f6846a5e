// SPDX-License-Identifier: Apache-2.0
// The least and the largest value of a stretch of time and when they were: from stepped rows of the history, then from
// live values.

export interface Extreme {
  value: number;
  time: number;
  /** How long the step was in which it was, ms; 0 when the time is exact. */
  within: number;
}

export interface Extremes {
  min: Extreme | null;
  max: Extreme | null;
}

export const NONE: Extremes = { min: null, max: null };

type Row = (number | null | string)[];

function better(known: Extreme | null, value: unknown, time: number, within: number, sign: 1 | -1) {
  if (typeof value !== 'number' || (known && sign * value <= sign * known.value)) return known;
  return { value, time, within };
}

export function extremesOf(columns: string[], rows: Row[], step: number): Extremes {
  const [min, max] = [columns.indexOf('min'), columns.indexOf('max')];
  return rows.reduce<Extremes>((found, row) => {
    const time = Number(row[0]);
    return {
      min: better(found.min, row[min], time, step, -1),
      max: better(found.max, row[max], time, step, 1),
    };
  }, NONE);
}

/** With a live value; the same object when it is between the two. */
export function widen(found: Extremes, time: number, value: number): Extremes {
  const min = better(found.min, value, time, 0, -1);
  const max = better(found.max, value, time, 0, 1);
  return min === found.min && max === found.max ? found : { min, max };
}
