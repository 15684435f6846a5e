// SPDX-License-Identifier: Apache-2.0
// Which meter, and what does it say?

import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { catalogProblem } from '../../app/feed';
import { catalog, type Meter } from '../../app/model';
import type { Route } from '../../app/router';
import { grouped, matches, sorted } from '../../data/list';
import { counted, locale, t } from '../../i18n';
import { Choice } from '../../ui/Choice';
import { lazy } from '../../ui/lazy';
import { EmptyState, Spinner } from '../../ui/notices';
import { Search } from '../../ui/Search';
import { useSorting } from '../../ui/SortHead';
import { MeterTable, type SortKey } from './MeterTable';
import { COLUMNS, readerOf } from './readings';
import { useSparks } from './sparks';

const MeterPage = lazy(() => import('../meter/MeterPage'));

const RESORT_MS = 5000;

function searchText(meter: Meter): string {
  const info = meter.info.peek();
  const labels = Object.entries(info.labels ?? {}).map(([key, value]) => `${key}:${value}`);
  return [info.name, info.title, info.line, ...labels].join(' ');
}

function sortValue(meter: Meter, key: SortKey): string | number | null {
  if (key === 'name') return meter.name;
  if (key === 'line') return `${meter.info.peek().line ?? ''} ${meter.info.peek().unit ?? ''}`;
  const column = COLUMNS.find((one) => one.key === key);
  return (column && readerOf(meter, column)?.().value) ?? null;
}

function groupValue(meter: Meter, key: string): string {
  const info = meter.info.peek();
  if (key === 'line') return info.line ?? '';
  if (key === 'make') return info.title;
  return info.labels?.[key.slice('label:'.length)] ?? '';
}

/** Live values change the order; doing so every second would make rows unreadable. */
function useResort(): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTurn((before) => before + 1), RESORT_MS);
    return () => clearInterval(timer);
  }, []);
  return turn;
}

interface ToolsProps {
  query: string;
  onQuery: (query: string) => void;
  group: string;
  onGroup: (group: string) => void;
  labels: string[];
  count: ComponentChildren;
}

function Tools({ query, onQuery, group, onGroup, labels, count }: ToolsProps) {
  return (
    <div class="tools">
      <Search label={t('meters.filter')} value={query} onInput={onQuery} />
      <Choice
        label={t('meters.group')}
        value={group}
        options={[
          { value: '', text: t('meters.group.none') },
          { value: 'line', text: t('meters.group.line') },
          { value: 'make', text: t('meters.group.make') },
          ...labels.map((label) => ({ value: `label:${label}`, text: t('meters.group.label', { label }) })),
        ]}
        onChange={onGroup}
      />
      <span class="tools-count" role="status">
        {count}
      </span>
    </div>
  );
}

function List({ meters }: { meters: Meter[] }) {
  const [query, setQuery] = useState('');
  const [group, setGroup] = useState('');
  const sorting = useSorting<SortKey>('name', ['name', 'line']);
  const { key: sort, direction } = sorting;
  const sparks = useSparks(meters);
  const turn = useResort();
  const labels = useMemo(() => {
    return [...new Set(meters.flatMap((meter) => Object.keys(meter.info.peek().labels ?? {})))].sort();
  }, [meters]);
  const groups = useMemo(() => {
    const seen = meters.filter((meter) => matches(query, searchText(meter)));
    const ordered = sorted(seen, (meter) => sortValue(meter, sort), direction, locale.value);
    return group
      ? grouped(ordered, (meter) => groupValue(meter, group), locale.value)
      : [{ name: '', items: ordered }];
  }, [meters, query, group, sort, direction, locale.value, turn]);
  const count = groups.reduce((sum, one) => sum + one.items.length, 0);

  return (
    <>
      <Tools
        query={query}
        onQuery={setQuery}
        group={group}
        onGroup={setGroup}
        labels={labels}
        count={counted('line.meters', count)}
      />
      {count === 0 ? (
        <EmptyState icon="search" title={t('meters.noMatch')}>
          {t('meters.noMatch.help')}
        </EmptyState>
      ) : (
        <MeterTable groups={groups} named={group !== ''} sorting={sorting} sparks={sparks} />
      )}
    </>
  );
}

export default function Meters({ route }: { route: Route }) {
  const known = catalog.value;
  if (!known) return catalogProblem.value ? null : <Spinner />;
  const [name] = route.rest;
  if (name !== undefined) return <MeterPage key={name} name={name} />;
  return (
    <div class="page">
      <h1>{t('nav.meters')}</h1>
      <section class="card flush" aria-label={t('nav.meters')}>
        {known.meters.length === 0 ? (
          <EmptyState icon="meters" title={t('meters.none')}>
            {t('meters.none.help')}
          </EmptyState>
        ) : (
          <List meters={known.meters} />
        )}
      </section>
    </div>
  );
}
