// SPDX-License-Identifier: Apache-2.0
// How did it go? Any points together, over any time. What is shown stands in the address.

import { useMemo, useRef, useState } from 'preact/hooks';
import { useCurves, type Curves } from '../../app/curves';
import { catalogProblem } from '../../app/feed';
import { gatewayNow } from '../../app/clock';
import { catalog, type Catalog, type Point } from '../../app/model';
import { go, href, replace, route as currentRoute, type Route } from '../../app/router';
import { emptyCurve } from '../../data/curve';
import { axisOf, scaleOf } from '../../data/format';
import { knownZone } from '../../data/time';
import {
  ends,
  formatView,
  MOST_POINTS,
  pan,
  parseView,
  select,
  zoom,
  type Range,
  type View,
} from '../../data/view';
import { locale, quantityTitle, t } from '../../i18n';
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

function colourOf(at: number): string {
  return `--series-${(at % COLOURS) + 1}`;
}

function unitsOf(points: Point[]): string[] {
  return [...new Set(points.map(axisOf))];
}

/** As the axes name them. */
function unitNames(points: Point[]): string {
  return unitsOf(points)
    .map((unit) => scaleOf(unit, 0).unit || unit)
    .join(', ');
}

function known(view: View, { byName }: Catalog): { points: Point[]; missing: string[] } {
  return {
    points: view.points.flatMap((name) => byName.get(name) ?? []),
    missing: view.points.filter((name) => !byName.has(name)),
  };
}

/** The view as the address has it at this moment: several moves of a finger may come before the page is drawn again. */
function viewNow(): View {
  return parseView(currentRoute.peek().query);
}

/** What was chosen is a step that Back undoes. */
function choose(next: View): void {
  go(href('trends', [], formatView(next)));
}

/** A finger or wheel changes the range all the time: no step each. */
function slide(range: Range): void {
  replace(href('trends', [], formatView({ ...viewNow(), range })));
}

const WISHES: Wishes = {
  zoom: (factor, at) => slide(zoom(viewNow().range, gatewayNow(), factor, at)),
  pan: (share) => slide(pan(viewNow().range, gatewayNow(), share)),
  live: () => {
    const { from, to } = ends(viewNow().range, gatewayNow());
    slide({ last_ms: to - from });
  },
};

/** Puts a point into the view or takes it out; else says why not. */
function toggle(point: Point, points: Point[]): string {
  const view = viewNow();
  const units = unitsOf([...points, point]);
  if (view.points.includes(point.name)) {
    choose({ ...view, points: view.points.filter((name) => name !== point.name) });
  } else if (units.length > AXES) {
    return t('trends.twoUnits', { units: unitNames(points) });
  } else if (view.points.length >= MOST_POINTS) {
    return t('trends.most', { n: MOST_POINTS });
  } else {
    choose({ ...view, points: [...view.points, point.name] });
  }
  return '';
}

interface PictureProps {
  points: Point[];
  curves: Curves;
  view: View;
  zone: string;
  onRemove: (point: Point) => void;
}

function Picture({ points, curves, view, zone, onRemove }: PictureProps) {
  const [cursor, setCursor] = useState<number | null>(null);
  const height = useTall(0.46, 280, 900);
  const { byId, step, loading } = curves;
  const series = useMemo<PlotSeries[]>(() => {
    return points.map((point, i) => ({
      label: `${point.meter} ${quantityTitle(point)}`,
      measure: point,
      colour: colourOf(i),
      curve: byId.get(point.id) ?? emptyCurve(step),
    }));
  }, [points, byId, locale.value]);
  return (
    <>
      <Chart
        series={series}
        range={() => ends(view.range, gatewayNow())}
        zone={zone}
        height={height}
        loading={loading}
        label={t('trends.chart')}
        wishes={WISHES}
        onSelect={(from, to) => choose({ ...viewNow(), range: select(from, to) })}
        onCursor={setCursor}
      />
      <p class="small chart-help">{t('trends.help')}</p>
      <Legend
        series={series}
        points={points}
        view={view}
        zone={zone}
        cursor={cursor}
        step={step}
        onRemove={onRemove}
      />
    </>
  );
}

function Explorer({ site, route }: { site: Catalog; route: Route }) {
  const view = useMemo(() => parseView(route.query), [route]);
  const [refused, setRefused] = useState('');
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const { points, missing } = useMemo(() => known(view, site), [view.points.join(), site]);
  const curves = useCurves(points, view.range, width);
  const zone = knownZone(site.site.timezone);
  const onToggle = (point: Point): void => setRefused(toggle(point, points));
  return (
    <div class="page trends" ref={box}>
      <h1>{t('nav.trends')}</h1>
      <div class="trends-tools">
        <PointPicker points={[...site.byName.values()]} chosen={view.points} onToggle={onToggle} />
        <RangeBar
          view={view}
          zone={zone}
          wishes={WISHES}
          onRange={(range) => choose({ ...viewNow(), range })}
        />
      </div>
      {refused && <Note kind="warn">{refused}</Note>}
      {missing.length > 0 && <Note kind="warn">{t('trends.missing', { names: missing.join(', ') })}</Note>}
      {curves.problem && <ProblemNote problem={curves.problem} />}
      <section
        class={`card trend-card ${curves.loading ? 'is-loading' : ''}`}
        aria-busy={curves.loading}
        aria-label={t('nav.trends')}
      >
        {points.length === 0 ? (
          <EmptyState icon="trends" title={t('trends.none')}>
            {t('trends.none.help')}
          </EmptyState>
        ) : (
          <Picture points={points} curves={curves} view={view} zone={zone} onRemove={onToggle} />
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
