// SPDX-License-Identifier: Apache-2.0

import { useEffect, useRef } from 'preact/hooks';
import { href } from '../../app/router';
import type { LineInfo } from '../../app/types';
import { number } from '../../data/format';
import { counted, locale, t } from '../../i18n';
import { loadText } from '../../ui/BusStrip';
import { LoadStrip } from '../../ui/LoadStrip';
import { State } from '../../ui/State';

/** What a line that is asked for more than there is costs everybody on it. */
export function stretchText({ demand = 0, stretch = 1 }: LineInfo): string {
  return demand > 1 ? t('bus.stretch', { stretch: number(locale.value, stretch, 2) }) : '';
}

export function LineStrip({ line, current }: { line: LineInfo; current: boolean }) {
  const stretch = stretchText(line);
  const strip = useRef<HTMLLIElement>(null);
  // On a phone the strips stand beside each other: the chosen one may be beyond the edge.
  useEffect(() => {
    if (current) strip.current?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current]);
  return (
    <li class="line" data-line={line.name} ref={strip}>
      <div class="line-head">
        <a
          class="line-name"
          href={href('bus', ['line', line.name])}
          aria-current={current ? 'true' : undefined}
        >
          {line.name}
        </a>
        <State state={line.state} />
      </div>
      <LoadStrip utilisation={line.utilisation} demand={line.demand} />
      <div class="line-foot">
        <span class={stretch ? 'overload' : ''}>{loadText(line)}</span>
        <span>{counted('line.meters', line.meters)}</span>
      </div>
      {stretch && <p class="small overload">{stretch}</p>}
      <p class="line-address">{line.address}</p>
    </li>
  );
}
