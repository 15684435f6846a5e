// SPDX-License-Identifier: Apache-2.0
// Is the meter connected as it should be, and what to do if not: in words, from the values of this moment.

import { useComputed } from '@preact/signals';
import { second } from '../../app/clock';
import { catalog, type Meter } from '../../app/model';
import { number, percent } from '../../data/format';
import { checkWiring, type Finding, type Verdict } from '../../data/wiring';
import { fill, known, locale, t } from '../../i18n';
import { Card } from '../../ui/Card';
import { Icon, type IconName } from '../../ui/Icon';
import { EmptyState } from '../../ui/notices';
import { wiringOf } from './reading';

const ICONS: Record<Verdict, IconName> = { good: 'check', warn: 'warning', bad: 'close', unknown: 'info' };
const ORDER: Verdict[] = ['bad', 'warn', 'unknown', 'good'];

function sizeOf({ check, value }: Finding): string {
  if (check === 'size') return number(locale.value, value, value < 10 ? 1 : 0);
  return percent(locale.value, value);
}

function Row({ found }: { found: Finding }) {
  return (
    <li class={`wiring-${found.verdict}`} data-check={found.check} data-verdict={found.verdict}>
      <Icon name={ICONS[found.verdict]} size={18} />
      <div>
        <p class="wiring-name">
          {t(`wiring.check.${found.check}`)} <span>{t(`wiring.${found.verdict}`)}</span>
        </p>
        <p>
          {fill(known(`wiring.${found.check}`, found.text, ''), {
            phases: found.phases,
            value: sizeOf(found),
          })}
        </p>
      </div>
    </li>
  );
}

/** The worst of all, for the head of the card. */
function Worst({ found }: { found: Finding[] }) {
  const verdict = ORDER.find((one) => found.some((row) => row.verdict === one)) ?? 'unknown';
  // What can't be told does not make the rest less right.
  const shown = verdict === 'unknown' && found.some((row) => row.verdict === 'good') ? 'good' : verdict;
  return <span class={`mark mark-${shown}`}>{t(`wiring.${shown}`)}</span>;
}

export function WiringCheck({ meter, seen_a }: { meter: Meter; seen_a: number | null }) {
  const found = useComputed(() => {
    void second.value;
    return checkWiring(wiringOf(meter, catalog.value, seen_a));
  }).value;
  const hasAny = found.some((row) => row.text !== 'none');
  return (
    <Card title={t('wiring.title')} class="wiring" aside={hasAny && <Worst found={found} />}>
      {hasAny ? (
        <ul class="findings">
          {found.map((row) => (
            <Row key={row.check} found={row} />
          ))}
        </ul>
      ) : (
        <EmptyState icon="info" title={t('wiring.none')}>
          {t('wiring.none.help')}
        </EmptyState>
      )}
    </Card>
  );
}
