// SPDX-License-Identifier: Apache-2.0

import type { BusFigures } from '../../app/types';
import { number, percent } from '../../data/format';
import { locale, t } from '../../i18n';
import { Age } from '../../ui/Value';

const COUNTS = ['timeouts', 'crc', 'foreign', 'exceptions'] as const;

function milliseconds(microseconds: number): string {
  return `${number(locale.value, microseconds / 1000, 1)}\u202fms`;
}

/** How the meter answers: cable, address or meter? */
export function BusHealth({ bus }: { bus: BusFigures }) {
  const good = bus.polls > 0 ? bus.good / bus.polls : 1;
  return (
    <dl class="figures">
      <div>
        <dt>{t('bus.good')}</dt>
        <dd>
          <span class="number">{bus.polls === 0 ? '–' : percent(locale.value, good)}</span>
        </dd>
      </div>
      <div>
        <dt>{t('bus.polls')}</dt>
        <dd class="number">{number(locale.value, bus.polls, 0)}</dd>
      </div>
      {COUNTS.map((name) => (
        <div key={name} class={bus[name] > 0 ? 'counted' : ''}>
          <dt>{t(`bus.${name}`)}</dt>
          <dd class="number">{number(locale.value, bus[name], 0)}</dd>
        </div>
      ))}
      <div>
        <dt>{t('bus.roundTrip')}</dt>
        <dd class="number">{milliseconds(bus.rtt_us.mean)}</dd>
      </div>
      <div>
        <dt>{t('bus.slowest')}</dt>
        <dd class="number">{milliseconds(bus.rtt_us.max)}</dd>
      </div>
      <div>
        <dt>{t('bus.lastGood')}</dt>
        <dd>
          <Age time={() => bus.last_good} />
        </dd>
      </div>
    </dl>
  );
}
