// SPDX-License-Identifier: Apache-2.0
// Which meters measure what the site takes in: those of the incomer circuits, or all physical meters where no circuit
// says.

import type { CircuitInfo, MeterInfo } from '../app/types';

export const SITE_POWER = 'active_power_total';
export const SITE_ENERGY = 'active_energy_import_total';

export interface Supply {
  meters: string[];
  /** True where circuits name the incomers; false where the sum of all meters stands in. */
  known: boolean;
  rated_a: number | null;
}

function rated(circuits: CircuitInfo[]): number | null {
  const currents = circuits.map((circuit) => circuit.rated_a);
  if (currents.length === 0 || currents.some((current) => current === null)) return null;
  return currents.reduce<number>((sum, current) => sum + (current ?? 0), 0);
}

export function supplyOf(circuits: CircuitInfo[], meters: MeterInfo[]): Supply {
  const names = new Set(meters.map((meter) => meter.name));
  const incomers = circuits.filter((circuit) => {
    return circuit.kind === 'incomer' && circuit.meter !== null && names.has(circuit.meter);
  });
  if (incomers.length > 0) {
    const found = [...new Set(incomers.map((circuit) => circuit.meter as string))];
    return { meters: found, known: true, rated_a: rated(incomers) };
  }
  const physical = meters.filter((meter) => meter.line !== null);
  return {
    meters: (physical.length > 0 ? physical : meters).map((meter) => meter.name),
    known: false,
    rated_a: null,
  };
}

/** Sum of the values that are there; null when none is. */
export function total(values: (number | null)[]): { sum: number | null; missing: number } {
  const there = values.filter((value): value is number => value !== null);
  const sum = there.length === 0 ? null : there.reduce((all, value) => all + value, 0);
  return { sum, missing: values.length - there.length };
}

export interface Ranked<T> {
  item: T;
  value: number;
}

/** The largest few, by size, largest first; ties keep their order. */
export function largestOf<T>(items: T[], value: (item: T) => number | null, count: number): Ranked<T>[] {
  const ranked: Ranked<T>[] = [];
  for (const item of items) {
    const size = value(item);
    if (size !== null) ranked.push({ item, value: size });
  }
  return ranked.sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, count);
}
