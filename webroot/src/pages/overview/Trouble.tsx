// SPDX-License-Identifier: Apache-2.0

import { lines, type Meter } from '../../app/model';
import { href } from '../../app/router';
import { counted, t } from '../../i18n';
import { Icon } from '../../ui/Icon';
import { State } from '../../ui/State';
import { Age } from '../../ui/Value';

function AllWell({ count }: { count: number }) {
  return (
    <p class="all-well">
      <Icon name="check" size={22} />
      {count === 0 ? t('overview.trouble.nobody') : counted('overview.trouble.none', count)}
    </p>
  );
}

/** What needs somebody: lines that are down, meters that do not answer, with reason and since when. */
export function Trouble({ meters }: { meters: Meter[] }) {
  const failing = meters.map((meter) => meter.info.value).filter((info) => info.state === 'failing');
  const down = lines.value.filter((line) => line.state === 'down');
  if (failing.length + down.length === 0) return <AllWell count={meters.length} />;
  return (
    <ul class="troubles">
      {down.map((line) => (
        <li key={`line ${line.name}`}>
          <span class="trouble-name">{t('line.named', { name: line.name })}</span>
          <State state="down" />
          <p>{line.text}</p>
        </li>
      ))}
      {failing.map((info) => (
        <li key={info.uid}>
          <a class="trouble-name" href={href('meters', [info.name])}>
            {info.name}
          </a>
          <State state="failing" />
          <p>{info.text}</p>
          <p class="small">
            {t('overview.trouble.for')} <Age time={() => info.since} />
          </p>
        </li>
      ))}
    </ul>
  );
}
