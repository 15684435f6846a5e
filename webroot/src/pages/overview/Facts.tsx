// SPDX-License-Identifier: Apache-2.0
// The figures beside the site's power: energy and peak of today, and what the incomer says.

import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { second } from '../../app/clock';
import type { Meter, Point } from '../../app/model';
import { summarise } from '../../data/curve';
import { number, percent, show } from '../../data/format';
import { SITE_ENERGY, SITE_POWER, type Supply } from '../../data/supply';
import { written } from '../../data/time';
import { locale, t } from '../../i18n';
import { Value } from '../../ui/Value';
import { MINUTE_MS, useCounterStarts, type CounterStart, type Reading } from './curve';

interface FactProps {
  name: string;
  note?: string;
  below?: ComponentChildren;
  children: ComponentChildren;
}

function Fact({ name, note, below, children }: FactProps) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>
        {children}
        {note && <span class="fact-note">{note}</span>}
        {below}
      </dd>
    </div>
  );
}

function Quantity({ measure, value }: { measure: { unit: string; quantity: string }; value: number | null }) {
  const shown = show(locale.value, { ...measure, decimals: 0 }, value);
  return (
    <span class="value">
      <span class="number">{shown.text}</span> <span class="unit">{shown.unit}</span>
    </span>
  );
}

interface EnergyProps {
  points: Point[];
  starts: Map<number, CounterStart>;
  dayStart: number;
  zone: string;
}

/** Counted since midnight, or since the first reading of today, which is then said. */
function EnergyToday({ points, starts, dayStart, zone }: EnergyProps) {
  const used = useComputed(() => {
    let sum: number | null = null;
    for (const point of points) {
      const start = starts.get(point.id);
      const now = point.sample.value.value;
      if (start && now !== null) sum = (sum ?? 0) + now - start.value;
    }
    return sum;
  });
  const first = Math.min(...[...starts.values()].map((start) => start.time));
  const late = Number.isFinite(first) && first - dayStart > 15 * MINUTE_MS;
  const note = late ? t('overview.since', { time: written(first, 'minute', locale.value, zone) }) : undefined;
  return (
    <Fact name={t('overview.energyToday')} note={note}>
      <Quantity measure={{ unit: 'Wh', quantity: SITE_ENERGY }} value={used.value} />
    </Fact>
  );
}

function Peak({ today, dayStart, zone }: { today: Reading; dayStart: number; zone: string }) {
  const { max, peak } = summarise(today.curve, dayStart, second.value);
  return (
    <Fact
      name={t('overview.peak')}
      note={peak === null ? undefined : written(peak, 'minute', locale.value, zone)}
    >
      <Quantity measure={{ unit: 'W', quantity: SITE_POWER }} value={max} />
    </Fact>
  );
}

const CURRENTS = ['current_l1', 'current_l2', 'current_l3'];

/** A sum of meters has no current of its own. */
function measuresCurrent(meters: Meter[]): boolean {
  return meters.some((meter) => CURRENTS.some((name) => meter.points.has(name)));
}

/** The busiest phase against what the incomers may carry. */
function Load({ meters, rated_a }: { meters: Meter[]; rated_a: number }) {
  const load = useComputed(() => {
    const phases = CURRENTS.map((name) => {
      return meters.reduce((sum, meter) => sum + (meter.points.get(name)?.sample.value.value ?? 0), 0);
    });
    return Math.max(...phases);
  });
  const width = useComputed(() => String(Math.min(load.value / rated_a, 1) * 100));
  const look = useComputed(() => `gauge ${load.value / rated_a > 0.9 ? 'load-warn' : ''}`);
  const share = useComputed(() => percent(locale.value, load.value / rated_a));
  const rating = `${number(locale.value, rated_a, 0)} A`;
  const gauge = (
    <svg class={look} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="gauge-rail" width="100" height="4" />
      <rect class="gauge-fill" width={width} height="4" />
    </svg>
  );
  return (
    <Fact name={t('overview.load')} note={t('overview.rated', { current: rating })} below={gauge}>
      <span class="value">
        <span class="number">{share}</span>
      </span>
    </Fact>
  );
}

const DETAILS = [
  ['power_factor_total'],
  ['voltage_ln_avg', 'voltage_avg', 'voltage_l1_n'],
  ['frequency'],
] as const;
const NAMES = ['fact.factor', 'fact.voltage', 'fact.frequency'] as const;

function Details({ meter }: { meter: Meter }) {
  return (
    <>
      {DETAILS.map((names, i) => {
        const point = names.map((name) => meter.points.get(name)).find(Boolean);
        return (
          point && (
            <Fact key={names[0]} name={t(NAMES[i]!)}>
              <Value point={point} />
            </Fact>
          )
        );
      })}
    </>
  );
}

interface FactsProps {
  meters: Meter[];
  supply: Supply;
  today: Reading;
  dayStart: number;
  zone: string;
}

export function Facts({ meters, supply, today, dayStart, zone }: FactsProps) {
  const counters = meters.flatMap((meter) => meter.points.get(SITE_ENERGY) ?? []);
  const starts = useCounterStarts(counters, dayStart);
  return (
    <dl class="facts">
      <EnergyToday points={counters} starts={starts} dayStart={dayStart} zone={zone} />
      <Peak today={today} dayStart={dayStart} zone={zone} />
      {supply.rated_a !== null && measuresCurrent(meters) && <Load meters={meters} rated_a={supply.rated_a} />}
      {meters.length === 1 && <Details meter={meters[0]!} />}
    </dl>
  );
}
