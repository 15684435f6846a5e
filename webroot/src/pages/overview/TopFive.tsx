// SPDX-License-Identifier: Apache-2.0

import { useComputed, type ReadonlySignal } from '@preact/signals';
import type { Meter, Point } from '../../app/model';
import { href } from '../../app/router';
import { largestOf, SITE_POWER } from '../../data/supply';
import { t } from '../../i18n';
import { EmptyState } from '../../ui/notices';
import { Value } from '../../ui/Value';

const COUNT = 5;

function Bar({ point, largest }: { point: Point; largest: ReadonlySignal<number> }) {
  const width = useComputed(() => {
    const size = Math.abs(point.sample.value.value ?? 0);
    return ((size / Math.max(largest.value, 1)) * 100).toFixed(1);
  });
  return (
    <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="gauge-rail" width="100" height="6" />
      <rect class="bar-fill" width={width} height="6" />
    </svg>
  );
}

/** Rows move only when the order changes; values and bars move by themselves. */
export function TopFive({ meters }: { meters: Meter[] }) {
  const points = new Map(meters.map((meter) => [meter.name, meter.points.get(SITE_POWER)]));
  const ranked = useComputed(() => {
    return largestOf([...points.keys()], (name) => points.get(name)?.sample.value.value ?? null, COUNT);
  });
  const order = useComputed(() => ranked.value.map((row) => row.item).join('\n'));
  const largest = useComputed(() => Math.abs(ranked.value[0]?.value ?? 0));
  if (order.value === '') {
    return (
      <EmptyState icon="trends" title={t('overview.top.none')}>
        {t('overview.top.none.help')}
      </EmptyState>
    );
  }
  return (
    <ol class="ranking">
      {order.value.split('\n').map((name) => (
        <li key={name}>
          <a href={href('meters', [name])}>{name}</a>
          <Value point={points.get(name)!} />
          <Bar point={points.get(name)!} largest={largest} />
        </li>
      ))}
    </ol>
  );
}
