// SPDX-License-Identifier: Apache-2.0
// A quantity's name is made of a stem and where it was measured (active_power_l1). The stem is translated, the place
// is short in every language; an unknown stem leaves the gateway's own title.

export interface Parts {
  stem: string;
  place: string;
}

const PLACES: [RegExp, string][] = [
  [/_l1_l2$/, 'L1\u2013L2'],
  [/_l2_l3$/, 'L2\u2013L3'],
  [/_l3_l1$/, 'L3\u2013L1'],
  [/_l([123])_n$/, 'L$1\u2013N'],
  [/_l([123])$/, 'L$1'],
  [/_n$/, 'N'],
  [/_(ln|ll)_avg$/, '$1'],
  [/_avg$/, 'avg'],
  [/_total$/, 'total'],
  [/_partial$/, 'partial'],
];

export function partsOf(quantity: string): Parts {
  for (const [pattern, form] of PLACES) {
    const match = pattern.exec(quantity);
    if (match) {
      const place = match[0].replace(pattern, form).replace('ln', 'L\u2013N').replace('ll', 'L\u2013L');
      return { stem: quantity.slice(0, match.index), place };
    }
  }
  return { stem: quantity, place: '' };
}

type PhaseName = 'l1' | 'l2' | 'l3';

export interface PhaseRow {
  stem: string;
  /** Quantities of L1, L2, L3, the neutral and the whole; the first that the meter has is shown. */
  cells: [string[], string[], string[], string[], string[]];
}

const NEXT: Record<PhaseName, string> = { l1: 'l1_l2', l2: 'l2_l3', l3: 'l3_l1' };

function phaseRow(
  stem: string,
  of: (phase: PhaseName) => string,
  all: string[],
  neutral: string[] = [],
): PhaseRow {
  return { stem, cells: [[of('l1')], [of('l2')], [of('l3')], neutral, all] };
}

/** The rows of a meter's phase table, in the order in which people read a panel. */
export const PHASE_ROWS: readonly PhaseRow[] = [
  phaseRow('voltage', (phase) => `voltage_${phase}_n`, ['voltage_ln_avg', 'voltage_avg'], ['voltage_n']),
  phaseRow('voltage_ll', (phase) => `voltage_${NEXT[phase]}`, ['voltage_ll_avg']),
  phaseRow('current', (phase) => `current_${phase}`, ['current_avg'], ['current_n']),
  phaseRow('active_power', (phase) => `active_power_${phase}`, ['active_power_total']),
  phaseRow('reactive_power', (phase) => `reactive_power_${phase}`, ['reactive_power_total']),
  phaseRow('apparent_power', (phase) => `apparent_power_${phase}`, ['apparent_power_total']),
  phaseRow('power_factor', (phase) => `power_factor_${phase}`, ['power_factor_total']),
  phaseRow('thd_voltage', (phase) => `thd_voltage_${phase}`, ['thd_voltage_avg']),
  phaseRow('thd_current', (phase) => `thd_current_${phase}`, []),
];

/** The number of the column that is shown only where a meter measures the neutral. */
export const NEUTRAL_CELL = 3;
