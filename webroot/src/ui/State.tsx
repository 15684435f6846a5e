// SPDX-License-Identifier: Apache-2.0
// State of a meter or line: a dot with a shape of its own and a word, never colour alone.

import { t } from '../i18n';
import type { LineState, MeterState } from '../app/types';

const LOOKS = {
  ok: 'good',
  up: 'good',
  waiting: 'idle',
  connecting: 'idle',
  failing: 'bad',
  down: 'bad',
} as const;

export function State({ state, text = true }: { state: MeterState | LineState; text?: boolean }) {
  const name = t(`state.${state}`);
  return (
    <span class={`state ${LOOKS[state]}`} title={text ? undefined : name}>
      <i class="dot" aria-hidden="true" />
      <span class={text ? '' : 'unseen'}>{name}</span>
    </span>
  );
}
