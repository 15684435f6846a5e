// SPDX-License-Identifier: Apache-2.0
// From base units to what people read: W to kW, Wh to kWh or MWh by magnitude, numbers as the locale writes them.

export interface Scale {
  factor: number;
  unit: string;
}

export interface Shown {
  text: string;
  unit: string;
}

/** What decides how a value of a point is written. */
export interface Measure {
  unit: string;
  quantity: string;
  decimals: number;
}

const POWERS = new Set(['W', 'var', 'VA']);
const ENERGIES = new Set(['Wh', 'varh', 'VAh']);
const TEN_MEGA = 1e7;
const TEN_GIGA = 1e10;
const TWO_HOURS_S = 7200;

export const NOTHING = '\u2013';

const SHARE = 'share';

/** What may stand on one axis: a unit, and distortion, a share that people read in percent, apart from other ratios. */
export function axisOf({ unit, quantity }: Pick<Measure, 'unit' | 'quantity'>): string {
  return unit === '1' && quantity.startsWith('thd_') ? SHARE : unit;
}

/** The scale for an axis whose largest value in sight is `magnitude`. */
export function scaleOf(unit: string, magnitude: number): Scale {
  const size = Math.abs(magnitude);
  if (POWERS.has(unit)) {
    return size < TEN_MEGA ? { factor: 1e-3, unit: `k${unit}` } : { factor: 1e-6, unit: `M${unit}` };
  }
  if (ENERGIES.has(unit)) {
    if (size < TEN_MEGA) return { factor: 1e-3, unit: `k${unit}` };
    return size < TEN_GIGA ? { factor: 1e-6, unit: `M${unit}` } : { factor: 1e-9, unit: `G${unit}` };
  }
  if (unit === 'V' && size >= 1e4) return { factor: 1e-3, unit: 'kV' };
  if (unit === 's' && size >= TWO_HOURS_S) return { factor: 1 / 3600, unit: 'h' };
  if (unit === 'deg') return { factor: 1, unit: '°' };
  if (unit === SHARE) return { factor: 100, unit: '%' };
  return { factor: 1, unit: unit === '1' ? '' : unit };
}

function powerDecimals(scaled: number): number {
  if (scaled < 100) return 2;
  return scaled < 1000 ? 1 : 0;
}

/** Digits after the point for a value already scaled. */
export function decimalsOf(measure: Measure, scaled: number): number {
  const size = Math.abs(scaled);
  if (measure.quantity.startsWith('power_factor')) return 3;
  if (axisOf(measure) === SHARE) return 1;
  if (POWERS.has(measure.unit)) return powerDecimals(size);
  if (ENERGIES.has(measure.unit)) return size < 1000 ? 2 : 1;
  switch (measure.unit) {
    case 'V':
      return 1;
    case 'A':
      return size < 10 ? 2 : 1;
    case 'Hz':
      return 2;
    case 'deg':
      return 1;
    case 's':
      return size < TWO_HOURS_S ? 0 : 1;
    default:
      return Math.min(Math.max(measure.decimals, 0), 6);
  }
}

const numbers = new Map<string, Intl.NumberFormat>();

/** Intl.NumberFormat is dear to make and cheap to use, so each form is made once. */
export function number(locale: string, value: number, decimals: number): string {
  const key = `${locale} ${decimals}`;
  let format = numbers.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    numbers.set(key, format);
  }
  // Rounding may leave "-0", which only puzzles the reader.
  return format.format(Number(value.toFixed(decimals)) || 0);
}

export function show(locale: string, measure: Measure, value: number | null): Shown {
  if (value === null || !Number.isFinite(value)) return { text: NOTHING, unit: '' };
  const scale = scaleOf(axisOf(measure), value);
  const scaled = value * scale.factor;
  return { text: number(locale, scaled, decimalsOf(measure, scaled)), unit: scale.unit };
}

const MOST_TICK_DECIMALS = 4;

/** Digits that tell the ticks of an axis apart without rounding them: 2.5 needs one, 5 none. */
export function tickDecimals(step: number): number {
  for (let decimals = 0; decimals < MOST_TICK_DECIMALS; decimals++) {
    const shifted = Math.abs(step) * 10 ** decimals;
    if (Math.abs(shifted - Math.round(shifted)) < 1e-6 * Math.max(shifted, 1)) return decimals;
  }
  return MOST_TICK_DECIMALS;
}

export function percent(locale: string, share: number): string {
  return `${number(locale, share * 100, 0)}\u202f%`;
}

const AGES: [number, Intl.NumberFormatOptions['unit']][] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
];

const ages = new Map<string, Intl.NumberFormat>();

/** A span in its largest whole unit, narrow ("3s", "2m", "5h") or in words. Below a second it reads 0. */
export function age(locale: string, span_ms: number, unitDisplay: 'narrow' | 'long' = 'narrow'): string {
  const span = Math.max(0, span_ms);
  const [size, unit] = AGES.find(([least]) => span >= least) ?? AGES[AGES.length - 1]!;
  const key = `${locale} ${unit} ${unitDisplay}`;
  let format = ages.get(key);
  if (!format) {
    format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay });
    ages.set(key, format);
  }
  return format.format(Math.floor(span / size));
}
