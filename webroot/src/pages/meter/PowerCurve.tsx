// SPDX-License-Identifier: Apache-2.0

import { useMemo, useRef, useState } from 'preact/hooks';
import { useCurves } from '../../app/curves';
import { gatewayNow } from '../../app/clock';
import { catalog, type Meter } from '../../app/model';
import { href } from '../../app/router';
import { emptyCurve } from '../../data/curve';
import { SITE_POWER } from '../../data/supply';
import { knownZone } from '../../data/time';
import { ends, formatView } from '../../data/view';
import { quantityTitle, t } from '../../i18n';
import { Segmented } from '../../ui/Button';
import { lazy } from '../../ui/lazy';
import { ProblemNote } from '../../ui/notices';
import { useWidth } from '../../ui/useWidth';

const Chart = lazy(() => import('../../ui/chart/Chart'));

const HOUR = 3_600_000;
const SPANS = { quarter: HOUR / 4, hour: HOUR, day: 24 * HOUR, week: 168 * HOUR } as const;
type Span = keyof typeof SPANS;

export function PowerCurve({ meter }: { meter: Meter }) {
  const [span, setSpan] = useState<Span>('quarter');
  const box = useRef<HTMLElement>(null);
  const width = useWidth(box);
  const point = meter.points.get(SITE_POWER);
  const range = { last_ms: SPANS[span] };
  const { byId, step, loading, problem } = useCurves(point ? [point] : [], range, width);
  const series = useMemo(() => {
    if (!point) return [];
    const curve = byId.get(point.id) ?? emptyCurve(step);
    return [{ label: quantityTitle(point), measure: point, colour: '--accent', curve, filled: true }];
  }, [byId, point]);
  return (
    <section class="card power-curve" ref={box} aria-labelledby="power-curve-title">
      <header class="card-head">
        <h2 id="power-curve-title">{t('meter.curve')}</h2>
        <div class="card-aside">
          <Segmented
            label={t('trends.range')}
            value={span}
            options={(Object.keys(SPANS) as Span[]).map((value) => ({ value, text: t(`span.${value}`) }))}
            onChange={setSpan}
          />
          {point && (
            <a href={href('trends', [], formatView({ points: [point.name], range }))}>
              {t('meter.toTrends')}
            </a>
          )}
        </div>
      </header>
      {problem && <ProblemNote problem={problem} />}
      {point ? (
        <Chart
          series={series}
          range={() => ends(range, gatewayNow())}
          zone={knownZone(catalog.value?.site.timezone ?? 'UTC')}
          height={220}
          loading={loading}
          label={`${t('meter.curve')}: ${meter.name}`}
        />
      ) : (
        <p class="small">{t('meter.curve.none')}</p>
      )}
    </section>
  );
}
