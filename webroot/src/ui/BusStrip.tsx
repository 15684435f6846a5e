// SPDX-License-Identifier: Apache-2.0
// The lines to the meters at a glance: state, how busy, how many meters.

import { lines } from '../app/model';
import type { LineInfo } from '../app/types';
import { percent } from '../data/format';
import { counted, locale, t } from '../i18n';
import { EmptyState } from './notices';
import { State } from './State';

const BUSY = 0.8;

function Line({ line }: { line: LineInfo }) {
  const share = Math.min(Math.max(line.utilisation, 0), 1);
  return (
    <li class="line">
      <div class="line-head">
        <span class="line-name">{line.name}</span>
        <State state={line.state} />
      </div>
      <svg
        class={`gauge ${share > BUSY ? 'busy' : ''}`}
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <rect class="gauge-rail" width="100" height="4" />
        <rect class="gauge-fill" width={share * 100} height="4" />
      </svg>
      <div class="line-foot">
        <span>{t('line.busy', { share: percent(locale.value, share) })}</span>
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
