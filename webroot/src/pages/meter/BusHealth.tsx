// SPDX-License-Identifier: Apache-2.0

import { href } from '../../app/router';
import type { MeterInfo } from '../../app/types';
import { number, percent } from '../../data/format';
import { locale, t } from '../../i18n';
import { milliseconds } from '../../ui/Histogram';
import { Note } from '../../ui/notices';
import { Age } from '../../ui/Value';
import { verdictText } from '../../ui/verdict';

const COUNTS = ['timeouts', 'crc', 'foreign', 'exceptions'] as const;

/** How the meter answers: cable, address or meter? */
export function BusHealth({ info }: { info: MeterInfo }) {
  const { bus, line, achieved_ms } = info;
  const verdict = verdictText(info);
  if (!bus) return null;
  const good = bus.polls > 0 ? bus.good / bus.polls : 1;
  return (
    <>
      {verdict && <Note kind="warn">{verdict}</Note>}
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
          <dd class="number">{milliseconds(bus.rtt_us.mean / 1000)}</dd>
        </div>
        <div>
          <dt>{t('bus.slowest')}</dt>
          <dd class="number">{milliseconds(bus.rtt_us.max / 1000)}</dd>
        </div>
        <div>
          <dt>{t('bus.lastGood')}</dt>
          <dd>
            <Age time={() => bus.last_good} />
          </dd>
        </div>
        {achieved_ms ? (
          <div>
            <dt>{t('meter.achieved')}</dt>
            <dd class="number">{milliseconds(achieved_ms)}</dd>
          </div>
        ) : null}
      </dl>
      {line !== null && (
        <p class="to-bus">
          <a href={href('bus', ['line', line])}>{t('meter.toBus')}</a>
        </p>
      )}
    </>
  );
}
