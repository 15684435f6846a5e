// SPDX-License-Identifier: Apache-2.0
// One live value. It renders once; a new sample changes its text and, when the quality changed, its look.

import { useComputed } from '@preact/signals';
import { gatewayNow, second } from '../app/clock';
import type { Point, Sample } from '../app/model';
import type { Quality } from '../app/types';
import { age, NOTHING, show, type Measure } from '../data/format';
import { known, locale } from '../i18n';

export type Mood = 'good' | 'stale' | 'bad';

export function moodOf(quality: Quality): Mood {
  if (quality === 'good') return 'good';
  return quality.startsWith('uncertain') ? 'stale' : 'bad';
}

export function qualityText(quality: Quality): string {
  return known('quality', quality, quality);
}

interface LiveTextProps {
  measure: Measure;
  read: () => Pick<Sample, 'value' | 'quality'>;
  name?: string;
}

/** A live figure from any reading of signals. */
export function LiveText({ measure, read, name }: LiveTextProps) {
  const shown = useComputed(() => show(locale.value, measure, read().value));
  const text = useComputed(() => shown.value.text);
  const unit = useComputed(() => shown.value.unit);
  const quality = useComputed(() => read().quality);
  const look = useComputed(() => `value ${moodOf(quality.value)}`);
  const why = useComputed(() => (quality.value === 'good' ? '' : qualityText(quality.value)));
  return (
    <span class={look} title={why} data-point={name}>
      <span class="number">{text}</span> <span class="unit">{unit}</span>
    </span>
  );
}

export function Value({ point }: { point: Point }) {
  return <LiveText measure={point} read={() => point.sample.value} name={point.name} />;
}

/** A value where the meter may not have the point at all. */
export function MaybeValue({ point }: { point: Point | undefined }) {
  return point ? <Value point={point} /> : <span class="value none">{NOTHING}</span>;
}

/** How long ago, by the gateway's clock; counts up by itself. */
export function Age({ time }: { time: () => number | null }) {
  const text = useComputed(() => {
    const then = time();
    return then === null ? NOTHING : age(locale.value, Math.max(second.value, gatewayNow()) - then);
  });
  return <span class="age">{text}</span>;
}
