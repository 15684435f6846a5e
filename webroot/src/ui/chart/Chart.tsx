// SPDX-License-Identifier: Apache-2.0
// A plot in the page: made anew when the kind of its curves, the theme or the language change, painted when they are
// read again and once a second while they grow. A new reading leaves the plot in place: somebody may be dragging in
// it.

import { useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { second } from '../../app/clock';
import { isDark } from '../../app/theme';
import { locale, t } from '../../i18n';
import { listen, onKey, type Wishes } from './gestures';
import { Plot, type PlotLook, type PlotSeries } from './plot';

export interface ChartProps extends Omit<PlotLook, 'locale'> {
  series: PlotSeries[];
  range: () => { from: number; to: number };
  label: string;
  wishes?: Wishes;
  /** No values yet does not mean that there are none. */
  loading?: boolean;
}

/** What the picture holds, for tests and for whoever inspects the page; what it is compared with does not count. */
function note(host: HTMLElement, series: PlotSeries[]): void {
  const shown = series.filter((one) => !one.quiet).map(({ curve }) => curve.times);
  host.dataset.rows = String(Math.max(0, ...shown.map((times) => times.length)));
  host.dataset.until = String(Math.max(0, ...shown.map((times) => times[times.length - 1] ?? 0)));
}

function kindOf(series: PlotSeries[]): string {
  return series
    .map((one) => `${one.label} ${one.colour} ${one.measure.unit} ${one.filled} ${one.quiet}`)
    .join('\n');
}

export function Chart({ series, range, label, wishes, loading = false, ...look }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const filled = useSignal(true);
  const latest = useRef({ range, wishes, look });
  latest.current = { range, wishes, look };

  const paint = (): void => {
    const { from, to } = latest.current.range();
    plot.current?.paint(series, from, to);
    if (host.current) note(host.current, series);
    filled.value = loading || series.some(({ curve }) => curve.mean.some((value) => value !== null));
  };

  useEffect(() => {
    const now = latest.current;
    const made = new Plot(host.current!, series, {
      ...now.look,
      locale: locale.value,
      onSelect: now.look.onSelect && ((from, to) => latest.current.look.onSelect?.(from, to)),
      onCursor: (time) => latest.current.look.onCursor?.(time),
    });
    const over = new AbortController();
    if (now.wishes)
      listen(
        made.area,
        forward(() => latest.current.wishes),
        over.signal,
      );
    plot.current = made;
    paint();
    return () => {
      over.abort();
      made.destroy();
      plot.current = null;
    };
  }, [kindOf(series), isDark.value, locale.value, look.zone, look.height]);

  useEffect(paint);
  useSignalEffect(() => {
    void second.value;
    paint();
  });

  return (
    <div class="chart-box">
      <div
        class="chart"
        ref={host}
        role={wishes ? 'application' : 'img'}
        aria-label={label}
        tabIndex={wishes ? 0 : undefined}
        onKeyDown={(event) => wishes && onKey(event, wishes)}
      />
      <p class="chart-empty" hidden={filled}>
        {t('chart.empty')}
      </p>
    </div>
  );
}

function forward(wishes: () => Wishes | undefined): Wishes {
  return {
    zoom: (factor, at) => wishes()?.zoom(factor, at),
    pan: (share) => wishes()?.pan(share),
    live: () => wishes()?.live(),
  };
}

export default Chart;
