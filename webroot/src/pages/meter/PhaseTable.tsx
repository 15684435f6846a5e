// SPDX-License-Identifier: Apache-2.0

import type { Meter, Point } from '../../app/model';
import { NEUTRAL_CELL, PHASE_ROWS } from '../../data/quantity';
import { known, t } from '../../i18n';
import { EmptyState } from '../../ui/notices';
import { MaybeValue } from '../../ui/Value';

const HEADS = ['L1', 'L2', 'L3', 'N'];

export function PhaseTable({ meter }: { meter: Meter }) {
  const find = (names: string[]): Point | undefined =>
    names.map((name) => meter.points.get(name)).find(Boolean);
  const rows = PHASE_ROWS.map(({ stem, cells }) => ({ stem, points: cells.map(find) })).filter(({ points }) =>
    points.some(Boolean),
  );
  if (rows.length === 0) {
    return (
      <EmptyState icon="meters" title={t('meter.phases.none')}>
        {t('meter.phases.none.help')}
      </EmptyState>
    );
  }
  const hasNeutral = rows.some(({ points }) => points[NEUTRAL_CELL]);
  const isShown = (_: unknown, i: number): boolean => i !== NEUTRAL_CELL || hasNeutral;
  return (
    <div class="scroll" role="group" aria-label={t('meter.phases')} tabIndex={0}>
      <table class="table phase-table">
        <caption class="unseen">{t('meter.phases')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('column.quantity')}</th>
            {HEADS.filter(isShown).map((head, i) => (
              <th scope="col" key={head} class={`phase-${i + 1}`}>
                <i class="phase-mark" aria-hidden="true" />
                {head}
              </th>
            ))}
            <th scope="col">{t('column.total')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ stem, points }) => (
            <tr key={stem}>
              <th scope="row">{known('quantity', stem, stem)}</th>
              {points.filter(isShown).map((point, i) => (
                <td key={i}>
                  <MaybeValue point={point} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
