// SPDX-License-Identifier: Apache-2.0
// Which meter makes the errors, and which: a bar of time-outs, check sums, foreign answers and refusals for each.

import type { BusMeter } from '../../app/fieldbus';
import { catalog } from '../../app/model';
import { href } from '../../app/router';
import { may } from '../../app/session';
import { ERROR_KINDS, errorsOf, errorShare, partsOf } from '../../data/bus';
import { number } from '../../data/format';
import { quantile } from '../../data/histogram';
import { sorted } from '../../data/list';
import { locale, t } from '../../i18n';
import { Card } from '../../ui/Card';
import { Histogram, milliseconds } from '../../ui/Histogram';
import { EmptyState } from '../../ui/notices';
import { SortHead, useSorting } from '../../ui/SortHead';
import { shareText, verdictText } from '../../ui/verdict';

type Key = 'name' | 'unit' | 'requests' | (typeof ERROR_KINDS)[number] | 'share' | 'roundTrip';

const TITLES = {
  name: 'column.name',
  unit: 'column.unit',
  requests: 'bus.requests',
  timeouts: 'bus.timeouts',
  crc: 'bus.crc',
  foreign: 'bus.foreign',
  exceptions: 'bus.exceptions',
  share: 'bus.share',
  roundTrip: 'column.roundTrip',
} as const satisfies Record<Key, string>;

/** Counted besides, and told only where there are any. */
const NOTES = ['late', 'implausible'] as const;

function sortValue(meter: BusMeter, key: Key): string | number | null {
  if (key === 'share') return errorShare(meter);
  return key === 'roundTrip' ? quantile(meter.rtt_ms, 0.5) : meter[key];
}

function ErrorBar({ meter, largest }: { meter: BusMeter; largest: number }) {
  return (
    <svg class="bar errors" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="gauge-rail" width="100" height="6" />
      {partsOf(meter, largest).map(({ kind, start, width }) => (
        <rect key={kind} class={`error-${kind}`} x={start * 100} width={width * 100} height="6" />
      ))}
    </svg>
  );
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${number(locale.value, ms / 1000, 1)}\u202fs` : `${number(locale.value, ms / 1000, 0)}\u202fs`;
}

/** The period that is really reached, where it is not the one that was asked for. */
function Period({ name }: { name: string }) {
  const info = catalog.value?.meters.find((meter) => meter.name === name)?.info.value;
  const [asked, real] = [info?.every_ms?.fast, info?.achieved_ms];
  if (!asked || !real || real < asked * 1.05) return null;
  return (
    <span class="row-sub overload">
      {t('bus.period')}: {t('bus.period.real', { real: seconds(real), asked: seconds(asked) })}
    </span>
  );
}

function Row({ meter, largest }: { meter: BusMeter; largest: number }) {
  const verdict = verdictText(meter);
  const share = errorShare(meter);
  return (
    <tr data-bus-meter={meter.name}>
      <th scope="row" class="c-name">
        <a href={href('meters', [meter.name])}>{meter.name}</a>
        {verdict && <span class="row-sub verdict">{verdict}</span>}
        <Period name={meter.name} />
        {NOTES.map((kind) => {
          const n = meter[kind] ?? 0;
          return (
            n > 0 && (
              <span class="row-sub" key={kind}>
                {t(`bus.${kind}`, { n: number(locale.value, n, 0) })}
              </span>
            )
          );
        })}
        {meter.narrowed.map(({ first, last, exception }) => (
          <span class="row-sub" key={first}>
            {exception === 0
              ? t('bus.unanswered', { first, last })
              : t('bus.narrowed', { first, last, code: exception })}
          </span>
        ))}
      </th>
      <td class="c-unit">{meter.unit}</td>
      <td class="c-requests">{number(locale.value, meter.requests, 0)}</td>
      <td class="c-share">
        {share === null ? '–' : shareText(share)}
        <ErrorBar meter={meter} largest={largest} />
      </td>
      {ERROR_KINDS.map((kind) => (
        <td key={kind} class={`c-${kind} ${meter[kind] > 0 ? '' : 'is-zero'}`}>
          {number(locale.value, meter[kind], 0)}
        </td>
      ))}
      <td class="c-roundTrip">
        {milliseconds(quantile(meter.rtt_ms, 0.5))}
        <Histogram name={meter.name} counted={meter.rtt_ms} small />
      </td>
    </tr>
  );
}

function Key() {
  return (
    <ul class="error-key" aria-hidden="true">
      {ERROR_KINDS.map((kind) => (
        <li key={kind} class={`error-${kind}`}>
          {t(`bus.${kind}`)}
        </li>
      ))}
    </ul>
  );
}

const COLUMNS: Key[] = ['name', 'unit', 'requests', 'share', ...ERROR_KINDS, 'roundTrip'];

export function MeterErrors({ meters, line }: { meters: BusMeter[]; line: string }) {
  const sorting = useSorting<Key>('share', ['name', 'unit']);
  const rows = sorted(meters, (meter) => sortValue(meter, sorting.key), sorting.direction, locale.value);
  const largest = Math.max(1, ...meters.map(errorsOf));
  return (
    <Card title={t('bus.errors')} class="flush meter-errors" aside={meters.length > 0 && <Key />}>
      {meters.length === 0 ? (
        <EmptyState icon="bus" title={t('bus.errors.none')}>
          {may('configure') ? (
            <a href={href('bus', ['scan'], new URLSearchParams({ line }))}>{t('bus.errors.none.help')}</a>
          ) : (
            t('bus.errors.none.help')
          )}
        </EmptyState>
      ) : (
        <div class="scroll" role="group" aria-label={t('bus.errors')} tabIndex={0}>
          <table class="table bus-meters">
            <caption class="unseen">{t('bus.errors')}</caption>
            <thead>
              <tr>
                {COLUMNS.map((key) => (
                  <SortHead key={key} column={key} text={t(TITLES[key])} sorting={sorting} />
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((meter) => (
                <Row key={meter.name} meter={meter} largest={largest} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
