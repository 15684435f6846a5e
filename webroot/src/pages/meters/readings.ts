// SPDX-License-Identifier: Apache-2.0
// What the meter table shows of a meter, from whichever points its make offers.

import type { Meter, Sample } from '../../app/model';
import type { Quality } from '../../app/types';
import type { Measure } from '../../data/format';
import { SITE_ENERGY, SITE_POWER } from '../../data/supply';

export type Reading = Pick<Sample, 'value' | 'quality'>;

export interface Column {
  key: 'power' | 'current' | 'voltage' | 'factor' | 'energy';
  measure: Measure;
  /** The first of these that the meter has is shown. */
  first: string[];
  /** Else the mean of those of these that it has. */
  mean: string[];
}

function column(key: Column['key'], unit: string, first: string[], mean: string[] = []): Column {
  return { key, measure: { unit, quantity: first[0]!, decimals: 2 }, first, mean };
}

export const COLUMNS: readonly Column[] = [
  column('power', 'W', [SITE_POWER]),
  column('current', 'A', ['current_avg'], ['current_l1', 'current_l2', 'current_l3']),
  column('voltage', 'V', ['voltage_ln_avg', 'voltage_avg'], ['voltage_l1_n', 'voltage_l2_n', 'voltage_l3_n']),
  column('factor', '1', ['power_factor_total', 'power_factor_l1']),
  column('energy', 'Wh', [SITE_ENERGY]),
];

function worst(qualities: Quality[]): Quality {
  return (
    qualities.find((quality) => quality.startsWith('bad')) ??
    qualities.find((quality) => quality !== 'good') ??
    'good'
  );
}

function meanOf(samples: Sample[]): Reading {
  const quality = worst(samples.map((sample) => sample.quality));
  const values = samples.map((sample) => sample.value);
  if (values.some((value) => value === null)) return { value: null, quality };
  return { value: values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / values.length, quality };
}

/** How to read a column of a meter; null where the meter does not measure it. */
export function readerOf(meter: Meter, { first, mean }: Column): (() => Reading) | null {
  const direct = first.map((name) => meter.points.get(name)).find(Boolean);
  if (direct) return () => direct.sample.value;
  const parts = mean.flatMap((name) => meter.points.get(name) ?? []);
  return parts.length === 0 ? null : () => meanOf(parts.map((point) => point.sample.value));
}

/** The time of the newest value of the meter's power, or of what it has instead; without a value, its last good answer. */
export function newestOf(meter: Meter): number | null {
  const point = meter.points.get(SITE_POWER) ?? meter.points.values().next().value;
  const sample = point?.sample.value;
  if (sample && sample.value !== null) return sample.time;
  return meter.info.value.bus?.last_good ?? sample?.time ?? null;
}
