// SPDX-License-Identifier: Apache-2.0

import { useComputed } from '@preact/signals';
import { useMemo, useState } from 'preact/hooks';
import { gatewayNow, second } from '../../app/clock';
import type { Meter, Point } from '../../app/model';
import type { Site } from '../../app/types';
import type { PlotSeries } from '../../ui/chart/plot';
import { show } from '../../data/format';
import { SITE_POWER, total, type Supply } from '../../data/supply';
import { valueAt } from '../../data/curve';
import { knownZone, startOfDay, written } from '../../data/time';
import { counted, locale, t } from '../../i18n';
import { Segmented } from '../../ui/Button';
import { lazy } from '../../ui/lazy';
import { ProblemNote, Spinner } from '../../ui/notices';
import { useTall } from '../../ui/useTall';
import { Age } from '../../ui/Value';
import { MINUTE_MS, stepFor, usePowerCurve, type Reading } from './curve';
import { Facts } from './Facts';

const Chart = lazy(() => import('../../ui/chart/Chart'));

type Window = 'live' | 'today';

const LIVE_MS = 15 * MINUTE_MS;
/** With less of today's curve than this, the last minutes say more. */
const LITTLE_MS = 40 * MINUTE_MS;
const POWER = { unit: 'W', quantity: SITE_POWER, decimals: 0 };

function powersOf(meters: Meter[]): Point[] {
  return meters.flatMap((meter) => meter.points.get(SITE_POWER) ?? []);
}

function Now({ points }: { points: Point[] }) {
  const power = useComputed(() => total(points.map((point) => point.sample.value.value)));
  const shown = useComputed(() => show(locale.value, POWER, power.value.sum));
  const text = useComputed(() => shown.value.text);
  const unit = useComputed(() => shown.value.unit);
  const missing = useComputed(() =>
    power.value.missing > 0 ? counted('overview.missing', power.value.missing) : '',
  );
  const newest = (): number | null =>
    Math.max(0, ...points.map((point) => point.sample.value.time ?? 0)) || null;
  return (
    <div class="now">
      <p class="now-value" data-testid="site-power">
        <span class="number">{text}</span> <span class="unit">{unit}</span>
      </p>
      <p class="now-note">
        {t('value.age')} <Age time={newest} /> <span class="now-missing">{missing}</span>
      </p>
    </div>
  );
}

function spanOf({ curve }: Reading): number {
  return (curve.times[curve.times.length - 1] ?? 0) - (curve.times[0] ?? 0);
}

/** Yesterday's curve laid over today's hours. */
function shifted(reading: Reading, by: number): PlotSeries[] {
  if (reading.curve.times.length < 2) return [];
  const curve = { ...reading.curve, times: reading.curve.times.map((time) => time + by) };
  return [{ label: t('overview.yesterday'), measure: POWER, colour: '--muted', curve, quiet: true }];
}

interface CurvesProps {
  zone: string;
  dayStart: number;
  meters: Meter[];
  points: Point[];
  today: Reading;
  window: Window;
}

function Curves({ zone, dayStart, meters, points, today, window }: CurvesProps) {
  const [at, setAt] = useState<number | null>(null);
  const dayBefore = startOfDay(dayStart, zone, -1);
  const opened = useMemo(() => gatewayNow(), [window]);
  const isLive = window === 'live';
  const height = useTall(0.34, 240, 700);
  const live = usePowerCurve(isLive ? points : [], {
    from: opened - LIVE_MS,
    step: stepFor(meters, 2000),
    keep_ms: LIVE_MS,
  });
  const yesterday = usePowerCurve(isLive ? [] : points, {
    from: dayBefore,
    to: dayStart,
    step: stepFor(meters, 5 * MINUTE_MS),
  });
  const reading = isLive ? live : today;
  const series = useMemo(() => {
    const now = {
      label: t('overview.power'),
      measure: POWER,
      colour: '--accent',
      curve: reading.curve,
      filled: true,
    };
    return isLive ? [now] : [...shifted(yesterday, dayStart - dayBefore), now];
  }, [reading.curve, yesterday.curve, window, dayStart, locale.value]);
  const range = () => {
    const now = gatewayNow();
    return isLive ? { from: now - LIVE_MS, to: now } : { from: dayStart, to: startOfDay(dayStart, zone, 1) };
  };
  const named = [...series].reverse();
  if (reading.problem) return <ProblemNote problem={reading.problem} />;
  if (!reading.loaded) return <Spinner />;
  return (
    <div class="curve-box">
      <Chart
        series={series}
        range={range}
        zone={zone}
        height={height}
        label={t('overview.curve')}
        onCursor={setAt}
      />
      <p class="curve-legend">{at === null ? legend(named) : readOut(named, at, zone)}</p>
    </div>
  );
}

function legend(series: PlotSeries[]) {
  return series.map((one) => (
    <span key={one.label} class={`key ${one.quiet ? 'quiet' : ''}`}>
      {one.label}
    </span>
  ));
}

function readOut(series: PlotSeries[], time: number, zone: string) {
  return (
    <>
      <span class="number">{written(time, 'minute', locale.value, zone)}</span>
      {series.map((one) => {
        const shown = show(locale.value, one.measure, valueAt(one.curve, time));
        return (
          <span key={one.label} class={`key ${one.quiet ? 'quiet' : ''}`}>
            {one.label} <b class="number">{`${shown.text} ${shown.unit}`}</b>
          </span>
        );
      })}
    </>
  );
}

interface SitePowerProps {
  site: Site;
  meters: Meter[];
  supply: Supply;
}

export function SitePower({ site, meters, supply }: SitePowerProps) {
  const zone = knownZone(site.timezone);
  const dayStart = useComputed(() => startOfDay(second.value, zone)).value;
  const [chosen, setWindow] = useState<Window | null>(null);
  const points = powersOf(meters);
  const today = usePowerCurve(points, { from: dayStart, step: stepFor(meters, MINUTE_MS) });
  const window = chosen ?? (today.loaded && spanOf(today) < LITTLE_MS ? 'live' : 'today');
  const source = supply.known ? supply.meters.join(', ') : counted('overview.sumOf', meters.length);
  return (
    <section class="card site-power" aria-labelledby="site-power-title">
      <header class="card-head">
        <h2 id="site-power-title">
          {t('overview.power')} <span class="card-sub">{source}</span>
        </h2>
        <Segmented
          label={t('overview.window')}
          value={window}
          options={[
            { value: 'live', text: t('overview.live') },
            { value: 'today', text: t('overview.today') },
          ]}
          onChange={setWindow}
        />
      </header>
      <div class="hero">
        <Now points={points} />
        <Facts meters={meters} supply={supply} today={today} dayStart={dayStart} zone={zone} />
      </div>
      <Curves zone={zone} dayStart={dayStart} meters={meters} points={points} today={today} window={window} />
    </section>
  );
}
