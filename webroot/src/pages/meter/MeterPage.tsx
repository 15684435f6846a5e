// SPDX-License-Identifier: Apache-2.0
// Everything about one meter.

import { useEffect } from 'preact/hooks';
import { isAttended } from '../../app/activity';
import { readMeters } from '../../app/feed';
import { catalog, type Meter } from '../../app/model';
import { href } from '../../app/router';
import type { MeterInfo } from '../../app/types';
import { t } from '../../i18n';
import { Card } from '../../ui/Card';
import { Icon } from '../../ui/Icon';
import { EmptyState, Note } from '../../ui/notices';
import { State } from '../../ui/State';
import { Age, LiveText, Value } from '../../ui/Value';
import { COLUMNS, newestOf, readerOf } from '../meters/readings';
import { AllPoints } from './AllPoints';
import { BusHealth } from './BusHealth';
import { ExtremesCard, largestCurrent, useToday } from './Extremes';
import { PhaseTable } from './PhaseTable';
import { PhasorDiagram } from './PhasorDiagram';
import { PowerCurve } from './PowerCurve';
import { circuitsOf, VirtualSource } from './VirtualSource';
import { WiringCheck } from './WiringCheck';

const REREAD_MS = 5000;

function where(info: MeterInfo): string {
  if (info.line === null) return '';
  const parts = [t('line.named', { name: info.line })];
  if (info.unit !== undefined) parts.push(t('meters.unit', { unit: info.unit }));
  if (info.load !== undefined && info.load > 1) parts.push(t('meters.load', { load: info.load }));
  return parts.join(' · ');
}

function Head({ meter }: { meter: Meter }) {
  const info = meter.info.value;
  const tags = [...Object.entries(info.labels ?? {}), ...Object.entries(info.attributes ?? {})];
  const circuits = circuitsOf(meter);
  return (
    <header class="meter-head">
      <a class="back" href={href('meters')}>
        <Icon name="left" size={16} />
        {t('nav.meters')}
      </a>
      <div class="meter-title">
        <h1>{meter.name}</h1>
        <State state={info.state} />
      </div>
      <p class="meter-where">
        {info.line === null ? <VirtualSource meter={meter} /> : `${info.title} · ${where(info)}`}
        {circuits.length > 0 && ` · ${t('meter.circuits', { names: circuits.join(', ') })}`} · {t('value.age')}{' '}
        <Age time={() => newestOf(meter)} />
      </p>
      {tags.length > 0 && (
        <ul class="tags">
          {tags.map(([key, value]) => (
            <li key={key}>
              <span>{key.replace(/^info_/, '')}</span> {value}
            </li>
          ))}
        </ul>
      )}
      {info.state === 'failing' && info.text && (
        <Note kind="warn">
          <p>{info.text}</p>
          <p>{t('meter.failing.help')}</p>
        </Note>
      )}
    </header>
  );
}

function Tiles({ meter }: { meter: Meter }) {
  const frequency = meter.points.get('frequency');
  return (
    <dl class="tiles">
      {COLUMNS.map((column) => {
        const read = readerOf(meter, column);
        return (
          read && (
            <div class="tile" key={column.key}>
              <dt>{t(`column.${column.key}`)}</dt>
              <dd>
                <LiveText measure={column.measure} read={read} />
              </dd>
            </div>
          )
        );
      })}
      {frequency && (
        <div class="tile">
          <dt>{t('fact.frequency')}</dt>
          <dd>
            <Value point={frequency} />
          </dd>
        </div>
      )}
    </dl>
  );
}

/** The words and bus figures of a meter are not in the stream: read while somebody looks. */
function useFreshInfo(): void {
  useEffect(() => {
    void readMeters();
    const timer = setInterval(() => isAttended() && void readMeters(), REREAD_MS);
    return () => clearInterval(timer);
  }, []);
}

/** A sum of meters may have totals alone. */
function hasPhases(meter: Meter): boolean {
  return [...meter.points.keys()].some((name) => /_l[123](_|$)/.test(name));
}

function Whole({ meter }: { meter: Meter }) {
  const today = useToday(meter);
  const info = meter.info.value;
  return (
    <div class="page meter">
      <Head meter={meter} />
      <Tiles meter={meter} />
      <PowerCurve meter={meter} />
      {(info.line !== null || hasPhases(meter)) && (
        <Card title={t('meter.phases')} class="phases">
          <PhaseTable meter={meter} />
        </Card>
      )}
      {info.line !== null && (
        <>
          <Card title={t('meter.phasors')} class="phasors">
            <PhasorDiagram meter={meter} />
          </Card>
          <WiringCheck meter={meter} seen_a={largestCurrent(today)} />
        </>
      )}
      <ExtremesCard today={today} />
      {info.bus && (
        <Card title={t('meter.bus')} class="bus-health">
          <BusHealth info={info} />
        </Card>
      )}
      <AllPoints meter={meter} />
    </div>
  );
}

export default function MeterPage({ name }: { name: string }) {
  useFreshInfo();
  const meter = catalog.value?.meters.find((one) => one.name === name);
  if (!meter) {
    return (
      <EmptyState icon="meters" title={t('meter.unknown', { name })}>
        <a href={href('meters')}>{t('meter.unknown.help')}</a>
      </EmptyState>
    );
  }
  return <Whole meter={meter} />;
}
