// SPDX-License-Identifier: Apache-2.0
// The last frames of a line as they went over the wire, and what they mean.

import { useEffect, useRef, useState } from 'preact/hooks';
import type { BusReply, Frame } from '../../app/fieldbus';
import { catalog } from '../../app/model';
import { hexWords, moodOfOutcome } from '../../data/bus';
import { knownZone, written } from '../../data/time';
import { known, locale, t } from '../../i18n';
import { Button } from '../../ui/Button';
import { Card } from '../../ui/Card';
import { Choice } from '../../ui/Choice';
import { milliseconds } from '../../ui/Histogram';
import { EmptyState } from '../../ui/notices';

const ALL = '';
const BAD = 'bad';

function outcomeText(outcome: string): string {
  const [, code] = /^exception (\d+)$/.exec(outcome) ?? [];
  if (code !== undefined) return t('outcome.exception', { code });
  return known('outcome', outcome, outcome);
}

/** To the millisecond: the gaps between frames are what people look for. */
function timeOf(time: number): string {
  const zone = knownZone(catalog.value?.site.timezone ?? 'UTC');
  const rest = String(Math.floor(time) % 1000).padStart(3, '0');
  return `${written(time, 'clock', locale.value, zone)}.${rest}`;
}

function Row({ frame }: { frame: Frame }) {
  const mood = moodOfOutcome(frame.outcome);
  const bytes = hexWords(frame.hex);
  const isCut = (frame.length ?? 0) > bytes.length;
  return (
    <tr class={`frame frame-${mood}`}>
      <td class="c-time">
        {timeOf(frame.time)}
        <span class="row-sub">{t(frame.direction === 'out' ? 'bus.out' : 'bus.in')}</span>
      </td>
      <td class="c-unit">{frame.unit}</td>
      <td class="c-outcome">
        <i class="dot" aria-hidden="true" />
        {outcomeText(frame.outcome)}
      </td>
      <td class="c-meaning">
        <span class="meaning">{frame.meaning}</span>
        <code class="hex">
          {bytes.map((byte, i) => (
            <span key={i}>{byte} </span>
          ))}
          {isCut && `… ${t('bus.frames.bytes', { n: frame.length! })}`}
        </code>
      </td>
      <td class="c-roundTrip">{frame.rtt_us === null ? '' : milliseconds(frame.rtt_us / 1000)}</td>
    </tr>
  );
}

function Table({ frames }: { frames: Frame[] }) {
  return (
    <div class="scroll frames-scroll" role="group" aria-label={t('bus.frames')} tabIndex={0}>
      <table class="table frames">
        <caption class="unseen">{t('bus.frames')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('column.time')}</th>
            <th scope="col">{t('column.unit')}</th>
            <th scope="col">{t('column.outcome')}</th>
            <th scope="col">{t('column.meaning')}</th>
            <th scope="col" class="c-roundTrip">
              {t('column.roundTrip')}
            </th>
          </tr>
        </thead>
        <tbody>
          {frames.map((frame, i) => (
            <Row key={`${frame.time} ${frame.direction} ${frames.length - i}`} frame={frame} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface FramesProps {
  line: string;
  reply: BusReply;
  paused: boolean;
  onPause: (paused: boolean) => void;
}

export function Frames({ line, reply, paused, onPause }: FramesProps) {
  const [unit, setUnit] = useState(ALL);
  const [outcome, setOutcome] = useState(ALL);
  const held = useRef(reply.frames);
  useEffect(() => setUnit(ALL), [line]);
  if (!paused) held.current = reply.frames;
  const frames = held.current;
  const shown = frames
    .filter((frame) => unit === ALL || String(frame.unit) === unit)
    .filter((frame) => outcome === ALL || moodOfOutcome(frame.outcome) !== 'good')
    .reverse();
  const names = new Map(reply.meters.map((meter) => [meter.unit, meter.name]));
  const units = [...new Set([...names.keys(), ...frames.map((frame) => frame.unit)])].sort((a, b) => a - b);
  return (
    <Card
      title={t('bus.frames')}
      class="flush frames-card"
      aside={
        <Button onClick={() => onPause(!paused)}>{t(paused ? 'bus.frames.resume' : 'bus.frames.pause')}</Button>
      }
    >
      <div class="tools">
        <Choice
          label={t('bus.frames.meter')}
          value={unit}
          options={[
            { value: ALL, text: t('bus.frames.all') },
            ...units.map((one) => ({ value: String(one), text: `${one} ${names.get(one) ?? ''}`.trim() })),
          ]}
          onChange={setUnit}
        />
        <Choice
          label={t('bus.frames.outcome')}
          value={outcome}
          options={[
            { value: ALL, text: t('bus.frames.all') },
            { value: BAD, text: t('bus.frames.bad') },
          ]}
          onChange={setOutcome}
        />
        <span class="tools-count" role="status">
          {paused && t('bus.frames.paused')}
        </span>
      </div>
      {shown.length > 0 ? (
        <Table frames={shown} />
      ) : (
        <EmptyState icon="bus" title={t(frames.length === 0 ? 'bus.frames.none' : 'bus.frames.noMatch')}>
          {t(frames.length === 0 ? 'bus.frames.none.help' : 'bus.frames.noMatch.help')}
        </EmptyState>
      )}
    </Card>
  );
}
