// SPDX-License-Identifier: Apache-2.0
// How did it go? Any points together, over any time. What is shown stands in the address.

import { useMemo, useRef, useState } from 'preact/hooks';
import { useCurves } from '../../app/curves';
import { catalogProblem } from '../../app/feed';
import { gatewayNow } from '../../app/clock';
import { catalog, type Catalog, type Point } from '../../app/model';
import { go, href, replace, type Route } from '../../app/router';
import { emptyCurve } from '../../data/curve';
import { knownZone } from '../../data/time';
import { ends, formatView, MOST_POINTS, pan, parseView, select, zoom, type View } from '../../data/view';
import { quantityTitle, t } from '../../i18n';
import type { Wishes } from '../../ui/chart/gestures';
import type { PlotSeries } from '../../ui/chart/plot';
import { Chart } from '../../ui/chart/Chart';
import { EmptyState, Note, ProblemNote, Spinner } from '../../ui/notices';
import { useTall } from '../../ui/useTall';
import { useWidth } from '../../ui/useWidth';
import { Legend } from './Legend';
import { PointPicker } from './PointPicker';
import { RangeBar } from './RangeBar';

const COLOURS = 8;
const AXES = 2;

export function colourOf(at: number): string {
  return `--series-${(at % COLOURS) + 1}`;
}

/** A finger or wheel changes the view all the time: only what was chosen is a step that Back undoes. */
function useView(route: Route): [View, (next: View, step?: boolean) => void] {
  const view = useMemo(() => parseView(route.query), [route]);
  const change = (next: View, step = true): void => {
    const target = href('trends', [], formatView(next));
    if (step) go(target);
    else replace(target);
  };
  return [view, change];
}

function unitsOf(points: Point[]): string[] {
  return [...new Set(points.map((point) => point.unit))];
}

function known(view: View, { byName }: Catalog): { points: Point[]; missing: string[] } {
  return {
    points: view.points.flatMap((name) => byName.get(name) ?? []),
    missing: view.points.filter((name) => !byName.has(name)),
  };
}

function wishesFor(view: View, change: (next: View, step?: boolean) => void): Wishes {
  return {
    zoom: (factor, at) => change({ ...view, range: zoom(view.range, gatewayNow(), factor, at) }, false),
    pan: (share) => change({ ...view, range: pan(view.range, gatewayNow(), share) }, false),
    live: () => {
      const { from, to } = ends(view.range, gatewayNow());
      change({ ...view, range: { last_ms: to - from } }, false);
    },
  };
}

function Explorer({ site, route }: { site: Catalog; route: Route }) {
  const [view, change] = useView(route);
  const [cursor, setCursor] = useState<number | null>(null);
  const [refused, setRefused] = useState('');
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const height = useTall(0.46, 280, 900);
  const { points, missing } = useMemo(() => known(view, site), [view.points.join(), site]);
  const { byId, step, loading, problem } = useCurves(points, view.range, width);
  const zone = knownZone(site.site.timezone);
  const series = useMemo<PlotSeries[]>(() => {
    return points.map((point, i) => ({
      label: `${point.meter} ${quantityTitle(point)}`,
      measure: point,
      colour: colourOf(i),
      curve: byId.get(point.id) ?? emptyCurve(step),
    }));
  }, [points, byId]);
  const wishes = wishesFor(view, change);

  const toggle = (point: Point): void => {
    const has = view.points.includes(point.name);
    const units = unitsOf([...points, point]);
    setRefused('');
    if (has) change({ ...view, points: view.points.filter((name) => name !== point.name) });
    else if (units.length > AXES) setRefused(t('trends.twoUnits', { units: unitsOf(points).join(', ') }));
    else if (view.points.length >= MOST_POINTS) setRefused(t('trends.most', { n: MOST_POINTS }));
    else change({ ...view, points: [...view.points, point.name] });
  };

  return (
    <div class="page trends" ref={box}>
      <h1>{t('nav.trends')}</h1>
      <div class="trends-tools">
        <PointPicker points={[...site.byName.values()]} chosen={view.points} onToggle={toggle} />
        <RangeBar view={view} zone={zone} wishes={wishes} onRange={(range) => change({ ...view, range })} />
      </div>
      {refused && <Note kind="warn">{refused}</Note>}
      {missing.length > 0 && <Note kind="warn">{t('trends.missing', { names: missing.join(', ') })}</Note>}
      {problem && <ProblemNote problem={problem} />}
      <section class={`card trend-card ${loading ? 'is-loading' : ''}`} aria-busy={loading} aria-label={t('nav.trends')}>
        {points.length === 0 ? (
          <EmptyState icon="trends" title={t('trends.none')}>
            {t('trends.none.help')}
          </EmptyState>
        ) : (
          <>
            <Chart
              series={series}
              range={() => ends(view.range, gatewayNow())}
              zone={zone}
              height={height}
              loading={loading}
              label={t('trends.chart')}
              wishes={wishes}
              onSelect={(from, to) => change({ ...view, range: select(from, to) })}
              onCursor={setCursor}
            />
            <p class="small chart-help">{t('trends.help')}</p>
            <Legend series={series} points={points} view={view} zone={zone} cursor={cursor} step={step} onRemove={toggle} />
          </>
        )}
      </section>
    </div>
  );
}

export default function Trends({ route }: { route: Route }) {
  const site = catalog.value;
  if (!site) return catalogProblem.value ? null : <Spinner />;
  return <Explorer site={site} route={route} />;
}

