// SPDX-License-Identifier: Apache-2.0
// Cable, address or meter? All lines at a glance, one of them in full.

import { useEffect, useState } from 'preact/hooks';
import { isAttended } from '../../app/activity';
import { catalogProblem, readMeters } from '../../app/feed';
import { catalog, lines } from '../../app/model';
import { href, type Route } from '../../app/router';
import { may } from '../../app/session';
import type { LineInfo } from '../../app/types';
import { matches } from '../../data/list';
import { counted, t } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { lazy } from '../../ui/lazy';
import { EmptyState, Spinner } from '../../ui/notices';
import { Search } from '../../ui/Search';
import { verdictText } from '../../ui/verdict';
import { LineDetail } from './LineDetail';
import { LineStrip } from './LineStrip';

const Scan = lazy(() => import('../scan/Scan'));

const REREAD_MS = 2000;
/** More lines than these are found by filter: a list that nobody can see is not drawn. */
const MOST_STRIPS = 60;
const FEW = 8;

function Lines({ shown, current }: { shown: LineInfo[]; current: string }) {
  const [query, setQuery] = useState('');
  const found = shown.filter((line) => matches(query, `${line.name} ${line.address} ${verdictText(line)}`));
  const more = found.length - MOST_STRIPS;
  return (
    <nav class="line-pick" aria-label={t('bus.pick')}>
      {shown.length > FEW && <Search label={t('bus.filterLines')} value={query} onInput={setQuery} />}
      <ul>
        {found.slice(0, MOST_STRIPS).map((line) => (
          <LineStrip key={line.name} line={line} current={line.name === current} />
        ))}
      </ul>
      {more > 0 && <p class="small">{counted('bus.moreLines', more)}</p>}
    </nav>
  );
}

/** The one that needs somebody most: down, else overloaded, else the first. */
function worst(all: LineInfo[]): LineInfo {
  return (
    all.find((line) => line.state === 'down') ?? all.find((line) => (line.demand ?? 0) > 1) ?? all[0]!
  );
}

/** States, utilisation and verdicts change while somebody looks. */
function useFreshLines(): void {
  useEffect(() => {
    void readMeters();
    const timer = setInterval(() => isAttended() && void readMeters(), REREAD_MS);
    return () => clearInterval(timer);
  }, []);
}

function All({ name }: { name: string | undefined }) {
  useFreshLines();
  const [first] = useState(() => (lines.peek().length > 0 ? worst(lines.peek()).name : ''));
  const all = lines.value;
  if (all.length === 0) {
    return (
      <EmptyState icon="bus" title={t('line.none')}>
        {t('line.none.help')}
      </EmptyState>
    );
  }
  const line = all.find((one) => one.name === (name ?? first)) ?? (name === undefined ? all[0] : undefined);
  return (
    <>
      <Lines shown={all} current={line?.name ?? ''} />
      {line ? (
        <LineDetail key={line.name} line={line} />
      ) : (
        <EmptyState icon="bus" title={t('bus.unknown', { name: name! })}>
          <a href={href('bus')}>{t('bus.unknown.help')}</a>
        </EmptyState>
      )}
    </>
  );
}

export default function Bus({ route }: { route: Route }) {
  if (!catalog.value) return catalogProblem.value ? null : <Spinner />;
  const [view, name] = route.rest;
  if (view === 'scan') return <Scan route={route} />;
  return (
    <div class="page bus-page">
      <header class="page-head">
        <h1>{t('nav.bus')}</h1>
        {may('configure') && lines.value.length > 0 && (
          <a class="button" href={href('bus', ['scan'])}>
            <Icon name="search" size={18} />
            {t('scan.title')}
          </a>
        )}
      </header>
      <All name={view === 'line' ? name : undefined} />
    </div>
  );
}
