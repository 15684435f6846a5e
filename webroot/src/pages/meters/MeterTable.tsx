// SPDX-License-Identifier: Apache-2.0
// The table of meters. A row renders once; its figures change by themselves.

import type { ReadonlySignal } from '@preact/signals';
import { catalog, type Meter } from '../../app/model';
import { href } from '../../app/router';
import type { MeterInfo } from '../../app/types';
import { NOTHING } from '../../data/format';
import type { Group } from '../../data/list';
import { counted, t } from '../../i18n';
import { SortHead, type Sorting } from '../../ui/SortHead';
import { Sparkline } from '../../ui/Sparkline';
import { State } from '../../ui/State';
import { Age, LiveText } from '../../ui/Value';
import { COLUMNS, newestOf, readerOf, type Column } from './readings';
import type { Sparks } from './sparks';

export type SortKey = 'name' | 'line' | Column['key'];

function Cell({ meter, column }: { meter: Meter; column: Column }) {
  const read = readerOf(meter, column);
  return (
    <td class={`c-${column.key}`}>
      {read ? (
        <LiveText measure={column.measure} read={read} name={`${meter.name}.${column.measure.quantity}`} />
      ) : (
        <span class="value none">{NOTHING}</span>
      )}
    </td>
  );
}

/** Why it fails, else its make; of a computed meter the circuits that it measures. */
function subtitle(info: MeterInfo): string {
  if (info.state === 'failing' && info.text) return info.text;
  if (info.line !== null) return info.title;
  const circuits = catalog.value?.circuits.filter((one) => one.meter === info.name) ?? [];
  return circuits.length > 0
    ? t('meter.circuits', { names: circuits.map((one) => one.name).join(', ') })
    : t('meter.computed');
}

function Row({ meter, spark }: { meter: Meter; spark: ReadonlySignal<string> | undefined }) {
  const info = meter.info.value;
  return (
    <tr class={info.state === 'failing' ? 'failing' : ''} data-meter={meter.name}>
      <th scope="row" class="c-name">
        <State state={info.state} text={false} />
        <a href={href('meters', [meter.name])}>{meter.name}</a>
        <span class="row-sub">{subtitle(info)}</span>
      </th>
      <td class="c-line">
        {info.line ?? t('meters.virtual')}
        {info.unit !== undefined && <span class="row-sub">{t('meters.unit', { unit: info.unit })}</span>}
      </td>
      <Cell meter={meter} column={COLUMNS[0]!} />
      <td class="c-spark">{spark && <Sparkline path={spark} />}</td>
      {COLUMNS.slice(1).map((column) => (
        <Cell key={column.key} meter={meter} column={column} />
      ))}
      <td class="c-age">
        <Age time={() => newestOf(meter)} />
      </td>
    </tr>
  );
}

interface MeterTableProps {
  groups: Group<Meter>[];
  /** Whether the groups have headings. */
  named: boolean;
  sorting: Sorting<SortKey>;
  sparks: Sparks;
}

const WIDTH = COLUMNS.length + 4;

export function MeterTable({ groups, named, sorting, sparks }: MeterTableProps) {
  const head = (column: SortKey) => (
    <SortHead key={column} column={column} text={t(`column.${column}`)} sorting={sorting} />
  );
  return (
    <table class="table meters">
      <caption class="unseen">{t('nav.meters')}</caption>
      <thead>
        <tr>
          {head('name')}
          {head('line')}
          {head('power')}
          <th scope="col" class="c-spark">
            {t('column.spark')}
          </th>
          {COLUMNS.slice(1).map((column) => head(column.key))}
          <th scope="col" class="c-age">
            {t('column.age')}
          </th>
        </tr>
      </thead>
      {groups.map((group) => (
        <tbody key={group.name}>
          {named && (
            <tr class="group">
              <th scope="rowgroup" colSpan={WIDTH}>
                {group.name || t('meters.group.without')}{' '}
                <span>{counted('line.meters', group.items.length)}</span>
              </th>
            </tr>
          )}
          {group.items.map((meter) => (
            <Row key={meter.name} meter={meter} spark={sparks.get(meter.name)} />
          ))}
        </tbody>
      ))}
    </table>
  );
}
