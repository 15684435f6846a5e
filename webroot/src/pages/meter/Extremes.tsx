// SPDX-License-Identifier: Apache-2.0
// The least and the largest of today, and when: the history of the day once, then every live value.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { asProblem, type Problem } from '../../app/api';
import { gatewayNow } from '../../app/clock';
import { resync } from '../../app/feed';
import { readHistory } from '../../app/history';
import { catalog, onValues, type Meter, type Point } from '../../app/model';
import { href } from '../../app/router';
import { extremesOf, NONE, widen, type Extreme, type Extremes } from '../../data/extremes';
import { show } from '../../data/format';
import { PHASE_ROWS } from '../../data/quantity';
import { knownZone, startOfDay, written } from '../../data/time';
import { formatView, select } from '../../data/view';
import { locale, quantityTitle, t } from '../../i18n';
import { Card } from '../../ui/Card';
import { EmptyState, ProblemNote, Spinner } from '../../ui/notices';

const STEP_MS = 5 * 60_000;
const AROUND_MS = 10 * 60_000;
const REDRAW_MS = 2000;

export interface Today {
  points: Point[];
  found: Map<number, Extremes> | null;
  problem: Problem | null;
}

/** What changes from moment to moment and is not counted up, in the order of the phase table. */
function gaugesOf(meter: Meter): Point[] {
  const names = [...PHASE_ROWS.flatMap(({ cells }) => cells.flat()), 'frequency'];
  return [...new Set(names)].flatMap((name) => meter.points.get(name) ?? []);
}

export function useToday(meter: Meter): Today {
  const points = useMemo(() => gaugesOf(meter), [meter.points]);
  const found = useRef<Map<number, Extremes> | null>(null);
  const [, redraw] = useState(0);
  const [problem, setProblem] = useState<Problem | null>(null);
  const zone = knownZone(catalog.value?.site.timezone ?? 'UTC');
  const day = startOfDay(gatewayNow(), zone);
  const key = points.map((point) => point.id).join(',');

  useEffect(() => {
    const over = new AbortController();
    found.current = null;
    readHistory(points, { from: day, to: gatewayNow(), step: STEP_MS }, over.signal).then(
      ({ columns, series }) => {
        const read = new Map(series.map(({ point, rows }) => [point, extremesOf(columns, rows, STEP_MS)]));
        found.current = new Map(points.map(({ id }) => [id, read.get(id) ?? NONE]));
        setProblem(null);
        redraw((turn) => turn + 1);
      },
      (error) => over.signal.aborted || setProblem(asProblem(error)),
    );
    const end = onValues((changed) => {
      for (const point of changed) {
        const known = found.current?.get(point.id);
        const { time, value } = point.sample.peek();
        if (known && time !== null && value !== null) found.current!.set(point.id, widen(known, time, value));
      }
    });
    const timer = setInterval(() => document.hidden || redraw((turn) => turn + 1), REDRAW_MS);
    return () => {
      over.abort();
      end();
      clearInterval(timer);
    };
  }, [key, day, resync.value]);
  return { points, found: found.current, problem };
}

/** The largest phase current of the day. */
export function largestCurrent({ points, found }: Today): number | null {
  const sizes = points
    .filter((point) => /^current_l[123]$/.test(point.quantity))
    .flatMap((point) => found?.get(point.id)?.max?.value ?? []);
  return sizes.length > 0 ? Math.max(...sizes) : null;
}

function Cell({ point, at, zone }: { point: Point; at: Extreme | null; zone: string }) {
  if (!at) return <td class="extreme">–</td>;
  const { text, unit } = show(locale.value, point, at.value);
  const range = select(at.time - AROUND_MS, at.time + at.within + AROUND_MS);
  return (
    <td class="extreme">
      <span class="value">
        <span class="number">{text}</span> <span class="unit">{unit}</span>
      </span>
      <a class="row-sub" href={href('trends', [], formatView({ points: [point.name], range }))}>
        {written(at.time, at.within > 0 ? 'minute' : 'clock', locale.value, zone)}
      </a>
    </td>
  );
}

function Table({ rows, zone }: { rows: { point: Point; extremes: Extremes }[]; zone: string }) {
  return (
    <table class="table extremes">
      <caption class="unseen">{t('meter.extremes')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('column.quantity')}</th>
          <th scope="col">{t('column.least')}</th>
          <th scope="col">{t('column.largest')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ point, extremes }) => (
          <tr key={point.id}>
            <th scope="row">{quantityTitle(point)}</th>
            <Cell point={point} at={extremes.min} zone={zone} />
            <Cell point={point} at={extremes.max} zone={zone} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function ExtremesCard({ today }: { today: Today }) {
  const zone = knownZone(catalog.value?.site.timezone ?? 'UTC');
  const { points, found, problem } = today;
  const rows = points
    .map((point) => ({ point, extremes: found?.get(point.id) ?? NONE }))
    .filter(({ extremes }) => extremes.max !== null);
  return (
    <Card title={t('meter.extremes')} class="flush extremes-card">
      {problem && <ProblemNote problem={problem} />}
      {!found && !problem && <Spinner />}
      {found && rows.length === 0 && (
        <EmptyState icon="trends" title={t('meter.extremes.none')}>
          {t('meter.extremes.none.help')}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <>
          <div class="scroll extremes-scroll" role="group" aria-label={t('meter.extremes')} tabIndex={0}>
            <Table rows={rows} zone={zone} />
          </div>
          <p class="small extremes-about">{t('meter.extremes.about')}</p>
        </>
      )}
    </Card>
  );
}
