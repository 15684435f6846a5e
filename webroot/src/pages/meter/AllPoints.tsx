// SPDX-License-Identifier: Apache-2.0
// The numbers one click behind: counters first, then every point with its quality and age.

import { useComputed } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import type { Meter, Point } from '../../app/model';
import { href } from '../../app/router';
import { matches } from '../../data/list';
import { DEFAULT_RANGE, formatView } from '../../data/view';
import { counted, quantityTitle, t } from '../../i18n';
import { Card } from '../../ui/Card';
import { EmptyState } from '../../ui/notices';
import { Search } from '../../ui/Search';
import { Age, moodOf, qualityText, Value } from '../../ui/Value';

function trendOf(point: Point): string {
  return href('trends', [], formatView({ points: [point.name], range: DEFAULT_RANGE }));
}

function QualityCell({ point }: { point: Point }) {
  const text = useComputed(() => qualityText(point.sample.value.quality));
  const look = useComputed(() => `quality ${moodOf(point.sample.value.quality)}`);
  return <span class={look}>{text}</span>;
}

function Row({ point }: { point: Point }) {
  return (
    <tr>
      <th scope="row">
        <span class="point-name">
          <a href={trendOf(point)}>{quantityTitle(point)}</a>
          <span class="row-sub mono">{point.quantity}</span>
        </span>
      </th>
      <td>
        <Value point={point} />
      </td>
      <td class="c-quality">
        <QualityCell point={point} />
      </td>
      <td class="c-age">
        <Age time={() => point.sample.value.time} />
      </td>
    </tr>
  );
}

function Rows({ points, name }: { points: Point[]; name: string }) {
  return (
    <table class="table points">
      <caption class="unseen">{name}</caption>
      <thead>
        <tr>
          <th scope="col">{t('column.quantity')}</th>
          <th scope="col">{t('column.value')}</th>
          <th scope="col" class="c-quality">
            {t('column.quality')}
          </th>
          <th scope="col" class="c-age">
            {t('column.age')}
          </th>
        </tr>
      </thead>
      <tbody>
        {points.map((point) => (
          <Row key={point.id} point={point} />
        ))}
      </tbody>
    </table>
  );
}

function Counters({ points }: { points: Point[] }) {
  if (points.length === 0) {
    return (
      <EmptyState icon="meters" title={t('meter.counters.none')}>
        {t('meter.counters.none.help')}
      </EmptyState>
    );
  }
  return (
    <dl class="figures counters">
      {points.map((point) => (
        <div key={point.id}>
          <dt>{quantityTitle(point)}</dt>
          <dd>
            <Value point={point} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function AllPoints({ meter }: { meter: Meter }) {
  const [query, setQuery] = useState('');
  const points = [...meter.points.values()];
  const counters = points.filter((point) => point.kind === 'counter');
  const seen = useMemo(
    () => points.filter((point) => matches(query, `${point.quantity} ${quantityTitle(point)} ${point.unit}`)),
    [query, meter.points],
  );
  return (
    <>
      <Card title={t('meter.counters')} class="counter-card">
        <Counters points={counters} />
      </Card>
      <Card
        title={t('meter.points')}
        aside={counted('meter.pointCount', seen.length)}
        class="flush all-points"
      >
        <div class="tools">
          <Search label={t('meter.filterPoints')} value={query} onInput={setQuery} />
        </div>
        {seen.length === 0 ? (
          <EmptyState icon="search" title={t('meter.points.none')}>
            {t('meters.noMatch.help')}
          </EmptyState>
        ) : (
          <Rows points={seen} name={t('meter.points')} />
        )}
      </Card>
    </>
  );
}
