// SPDX-License-Identifier: Apache-2.0
// What the chart shows, in figures: who can't see the picture reads it here.

import { gatewayNow, second } from '../../app/clock';
import type { Point } from '../../app/model';
import { summarise, valueAt } from '../../data/curve';
import { age, show } from '../../data/format';
import { written } from '../../data/time';
import { ends, type View } from '../../data/view';
import { locale, t } from '../../i18n';
import { IconButton } from '../../ui/Button';
import type { PlotSeries } from '../../ui/chart/plot';
import { Value } from '../../ui/Value';

interface RowProps {
  series: PlotSeries;
  point: Point;
  view: View;
  cursor: number | null;
  onRemove: (point: Point) => void;
}

function Row({ series, point, view, cursor, onRemove }: RowProps) {
  void second.value;
  const { from, to } = ends(view.range, gatewayNow());
  const summary = summarise(series.curve, from, to);
  const text = (value: number | null): string => {
    const shown = show(locale.value, point, value);
    return shown.unit ? `${shown.text} ${shown.unit}` : shown.text;
  };
  return (
    <tr>
      <th scope="row">
        <svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">
          <rect class={series.colour.slice(2)} width="12" height="12" rx="3" />
        </svg>
        {series.label}
      </th>
      <td>
        {cursor === null ? (
          <Value point={point} />
        ) : (
          <span class="number">{text(valueAt(series.curve, cursor))}</span>
        )}
      </td>
      <td class="number c-min">{text(summary.min)}</td>
      <td class="number c-mean">{text(summary.mean)}</td>
      <td class="number c-max">{text(summary.max)}</td>
      <td class="c-remove">
        <IconButton
          icon="close"
          label={t('trends.remove', { name: series.label })}
          onClick={() => onRemove(point)}
        />
      </td>
    </tr>
  );
}

interface LegendProps {
  series: PlotSeries[];
  points: Point[];
  view: View;
  zone: string;
  cursor: number | null;
  step: number | null;
  onRemove: (point: Point) => void;
}

export function Legend({ series, points, view, zone, cursor, step, onRemove }: LegendProps) {
  const at = cursor === null ? t('trends.now') : written(cursor, 'stamp', locale.value, zone);
  return (
    <>
      <table class="table legend">
        <caption class="unseen">{t('trends.legend')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('column.point')}</th>
            <th scope="col" class="c-at">
              {at}
            </th>
            <th scope="col" class="c-min">
              {t('column.min')}
            </th>
            <th scope="col" class="c-mean">
              {t('column.mean')}
            </th>
            <th scope="col" class="c-max">
              {t('column.max')}
            </th>
            <td class="c-remove" />
          </tr>
        </thead>
        <tbody>
          {series.map((one, i) => (
            <Row
              key={points[i]!.id}
              series={one}
              point={points[i]!}
              view={view}
              cursor={cursor}
              onRemove={onRemove}
            />
          ))}
        </tbody>
      </table>
      <p class="small">
        {step === null ? t('trends.raw') : t('trends.stepped', { step: age(locale.value, step, 'long') })}
      </p>
    </>
  );
}
