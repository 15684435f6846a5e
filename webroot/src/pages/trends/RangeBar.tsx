// SPDX-License-Identifier: Apache-2.0
// Which stretch of time. Everything that a drag or wheel does has a button here.

import { gatewayNow, second } from '../../app/clock';
import { written } from '../../data/time';
import { ends, isLive, type Range, type View } from '../../data/view';
import { locale, t } from '../../i18n';
import { IconButton, Segmented } from '../../ui/Button';
import type { Wishes } from '../../ui/chart/gestures';

const HOUR = 3_600_000;
const SPANS = [
  ['quarter', HOUR / 4],
  ['hour', HOUR],
  ['sixHours', 6 * HOUR],
  ['day', 24 * HOUR],
  ['week', 168 * HOUR],
  ['month', 720 * HOUR],
] as const;
type SpanName = (typeof SPANS)[number][0];

function Stretch({ range, zone }: { range: Range; zone: string }) {
  void second.value;
  const { from, to } = ends(range, gatewayNow());
  return (
    <p class="stretch number">
      {written(from, 'stamp', locale.value, zone)} –{' '}
      {isLive(range) ? t('trends.now') : written(to, 'stamp', locale.value, zone)}
    </p>
  );
}

interface RangeBarProps {
  view: View;
  zone: string;
  wishes: Wishes;
  onRange: (range: Range) => void;
}

export function RangeBar({ view, zone, wishes, onRange }: RangeBarProps) {
  const { range } = view;
  const chosen = SPANS.find(([, span]) => isLive(range) && range.last_ms === span)?.[0] ?? null;
  const spanOf = (name: SpanName): number => SPANS.find(([one]) => one === name)![1];
  return (
    <div class="range-bar">
      <Segmented
        label={t('trends.range')}
        value={chosen}
        options={SPANS.map(([value]) => ({ value, text: t(`span.${value}`) }))}
        onChange={(name) => onRange({ last_ms: spanOf(name) })}
      />
      <div class="button-row" role="group" aria-label={t('trends.move')}>
        <IconButton icon="left" label={t('trends.earlier')} onClick={() => wishes.pan(-0.5)} />
        <IconButton icon="minus" label={t('trends.zoomOut')} onClick={() => wishes.zoom(2, 0.5)} />
        <IconButton icon="plus" label={t('trends.zoomIn')} onClick={() => wishes.zoom(0.5, 0.5)} />
        <IconButton
          icon="right"
          label={t('trends.later')}
          disabled={isLive(range)}
          onClick={() => wishes.pan(0.5)}
        />
        <button class="button live-button" type="button" aria-pressed={isLive(range)} onClick={wishes.live}>
          <i class="dot" aria-hidden="true" />
          {t('trends.live')}
        </button>
      </div>
      <Stretch range={range} zone={zone} />
    </div>
  );
}
