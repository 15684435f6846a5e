// SPDX-License-Identifier: Apache-2.0
// The lines to the meters at a glance: state, how busy, how many meters.

import { lines } from '../app/model';
import { href } from '../app/router';
import type { LineInfo } from '../app/types';
import { percent } from '../data/format';
import { counted, locale, t } from '../i18n';
import { LoadStrip } from './LoadStrip';
import { EmptyState } from './notices';
import { State } from './State';

/** In words, what the strip shows. */
export function loadText(line: LineInfo): string {
  const { demand = 0, utilisation } = line;
  if (demand > 1) return t('bus.overload', { demand: percent(locale.value, demand) });
  return t('line.busy', { share: percent(locale.value, Math.min(Math.max(utilisation, 0), 1)) });
}

function Line({ line }: { line: LineInfo }) {
  return (
    <li class="line">
      <div class="line-head">
        <a class="line-name" href={href('bus', ['line', line.name])}>
          {line.name}
        </a>
        <State state={line.state} />
      </div>
      <LoadStrip utilisation={line.utilisation} demand={line.demand} />
      <div class="line-foot">
        <span>{loadText(line)}</span>
        <span>{counted('line.meters', line.meters)}</span>
      </div>
      <p class="line-address">{line.state !== 'up' && line.text ? line.text : line.address}</p>
    </li>
  );
}

export function BusStrip() {
  if (lines.value.length === 0) {
    return (
      <EmptyState icon="meters" title={t('line.none')}>
        {t('line.none.help')}
      </EmptyState>
    );
  }
  return (
    <ul class="lines">
      {lines.value.map((line) => (
        <Line key={line.name} line={line} />
      ))}
    </ul>
  );
}
