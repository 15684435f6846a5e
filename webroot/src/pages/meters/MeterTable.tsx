// SPDX-License-Identifier: Apache-2.0
// The table of meters. A row renders once; its figures change by themselves.

import type { ReadonlySignal } from '@preact/signals';
import type { Meter } from '../../app/model';
import { href } from '../../app/router';
import { NOTHING } from '../../data/format';
import type { Direction, Group } from '../../data/list';
import { counted, t } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { Sparkline } from '../../ui/Sparkline';
import { State } from '../../ui/State';
import { Age, LiveText } from '../../ui/Value';
import { COLUMNS, newestOf, readerOf, type Column } from './readings';
import type { Sparks } from './sparks';

export type SortKey = 'name' | 'line' | Column['key'];

interface HeadProps {
  column: SortKey;
  sort: SortKey;
  direction: Direction;
  onSort: (key: SortKey) => void;
}

function Head({ column, sort, direction, onSort }: HeadProps) {
  const active = column === sort;
  return (
    <th scope="col" class={`c-${column}`} aria-sort={active ? direction : undefined}>
      <button type="button" class="sort" onClick={() => onSort(column)}>
        {t(`column.${column}`)}
        {active && <Icon name={direction === 'ascending' ? 'up' : 'down'} size={14} />}
      </button>
    </th>
  );
}

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

function Row({ meter, spark }: { meter: Meter; spark: ReadonlySignal<string> | undefined }) {
  const info = meter.info.value;
  return (
    <tr class={info.state === 'failing' ? 'failing' : ''} data-meter={meter.name}>
      <th scope="row" class="c-name">
        <State state={info.state} text={false} />
        <a href={href('meters', [meter.name])}>{meter.name}</a>
        <span class="row-sub">{info.state === 'failing' && info.text ? info.text : info.title}</span>
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
  sort: SortKey;
  direction: Direction;
  onSort: (key: SortKey) => void;
  sparks: Sparks;
}

const WIDTH = COLUMNS.length + 4;

export function MeterTable({ groups, named, sort, direction, onSort, sparks }: MeterTableProps) {
  const head = { sort, direction, onSort };
  return (
    <table class="table meters">
      <caption class="unseen">{t('nav.meters')}</caption>
      <thead>
        <tr>
          <Head column="name" {...head} />
          <Head column="line" {...head} />
          <Head column="power" {...head} />
          <th scope="col" class="c-spark">
            {t('column.spark')}
          </th>
          {COLUMNS.slice(1).map((column) => (
            <Head key={column.key} column={column.key} {...head} />
          ))}
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
