// SPDX-License-Identifier: Apache-2.0
// Round trips as bars; the figures beside it say the same in words.

import { barsOf, countOf, quantile, type Bar, type Counted } from '../data/histogram';
import { number } from '../data/format';
import { locale, t } from '../i18n';

const WIDTH = 100;
const HEIGHT = 36;
const GAP = 0.16;

export function milliseconds(ms: number | null): string {
  if (ms === null) return '\u2013';
  return `${number(locale.value, ms, ms < 10 ? 1 : 0)}\u202fms`;
}

function rangeOf({ from, to }: Bar): string {
  if (to === null) return t('bus.above', { from: milliseconds(from) });
  return `${number(locale.value, from, from < 10 ? 1 : 0)}\u2013${milliseconds(to)}`;
}

interface HistogramProps {
  name: string;
  counted: Counted;
  /** Without figures below it, for a row of a table. */
  small?: boolean;
}

export function Histogram({ name, counted, small = false }: HistogramProps) {
  const bars = barsOf(counted);
  if (bars.length === 0) return <span class="small">{small ? '\u2013' : t('bus.histogram.none')}</span>;
  const most = Math.max(...bars.map((bar) => bar.count));
  const step = WIDTH / bars.length;
  const n = number(locale.value, countOf(counted), 0);
  const label = t('bus.histogram.of', {
    name,
    median: milliseconds(quantile(counted, 0.5)),
    most: milliseconds(quantile(counted, 0.95)),
    n,
  });
  const last = bars[bars.length - 1]!;
  return (
    <div class={`histogram ${small ? 'is-small' : ''}`}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {bars.map((bar, i) => {
          // A single answer among thousands is still seen.
          const height = bar.count === 0 ? 0 : Math.max((bar.count / most) * HEIGHT, 1.5);
          const x = i * step + (step * GAP) / 2;
          return (
            <rect key={i} x={x} y={HEIGHT - height} width={step * (1 - GAP)} height={height}>
              <title>
                {t('bus.histogram.bar', { range: rangeOf(bar), n: number(locale.value, bar.count, 0) })}
              </title>
            </rect>
          );
        })}
      </svg>
      {!small && (
        <p class="histogram-ends" aria-hidden="true">
          <span>{milliseconds(bars[0]!.from)}</span>
          <span>{last.to === null ? rangeOf(last) : milliseconds(last.to)}</span>
        </p>
      )}
    </div>
  );
}
