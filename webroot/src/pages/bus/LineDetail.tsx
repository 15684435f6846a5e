// SPDX-License-Identifier: Apache-2.0
// One line in full.

import { useState } from 'preact/hooks';
import type { BusReply } from '../../app/fieldbus';
import { may } from '../../app/session';
import type { LineInfo } from '../../app/types';
import { usePolled } from '../../app/usePolled';
import { number, percent } from '../../data/format';
import { quantile } from '../../data/histogram';
import { locale, t } from '../../i18n';
import { Card } from '../../ui/Card';
import { Histogram, milliseconds } from '../../ui/Histogram';
import { Note, ProblemNote, Spinner } from '../../ui/notices';
import { State } from '../../ui/State';
import { verdictText } from '../../ui/verdict';
import { Frames } from './Frames';
import { MeterErrors } from './MeterErrors';
import { TryRead } from './TryRead';

const EVERY_MS = 2000;
/** The others stand beside their meters. */
const MOST_VERDICTS = 5;

function Figures({ line, reply }: { line: LineInfo; reply: BusReply }) {
  const { demand = 0, stretch = 1 } = line;
  const figures: [string, string, boolean][] = [
    [t('bus.utilisation'), percent(locale.value, Math.min(line.utilisation, 1)), false],
    [t('bus.demand'), percent(locale.value, demand), demand > 1],
    [t('bus.stretched'), `× ${number(locale.value, stretch, 2)}`, stretch > 1],
    [t('bus.median'), milliseconds(quantile(reply.line.rtt_ms, 0.5)), false],
    [t('bus.most'), milliseconds(quantile(reply.line.rtt_ms, 0.95)), false],
    [t('bus.foreign'), number(locale.value, line.foreign ?? 0, 0), (line.foreign ?? 0) > 0],
  ];
  return (
    <dl class="figures">
      {figures.map(([name, value, stands]) => (
        <div key={name} class={stands ? 'counted' : ''}>
          <dt>{name}</dt>
          <dd class="number">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What the gateway makes of it: of the line and of each meter that has something to say. */
function Verdict({ line, reply }: { line: LineInfo; reply: BusReply }) {
  const ofLine = verdictText(line);
  const ofMeters = reply.meters.map(verdictText).filter((text) => text && text !== ofLine);
  const said = [line.state === 'up' ? '' : line.text, ofLine, ...ofMeters.slice(0, MOST_VERDICTS)].filter(Boolean);
  if (said.length === 0) return <Note kind="good">{t('bus.noVerdict')}</Note>;
  return (
    <Note kind="warn">
      {said.map((text, i) => (
        <p key={i}>{text}</p>
      ))}
    </Note>
  );
}

export function LineDetail({ line }: { line: LineInfo }) {
  const [paused, setPaused] = useState(false);
  const path = `/bus?line=${encodeURIComponent(line.name)}`;
  const { data: reply, problem, read } = usePolled<BusReply>(path, EVERY_MS);
  if (!reply) return problem ? <ProblemNote problem={problem} onRetry={read} /> : <Spinner />;
  return (
    <>
      {problem && <ProblemNote problem={problem} onRetry={read} />}
      <Card
        title={t('line.named', { name: line.name })}
        class="line-card"
        aside={
          <>
            <span class="mono">{line.address}</span>
            <State state={line.state} />
          </>
        }
      >
        <div class="line-detail">
          <div class="line-facts">
            <Verdict line={line} reply={reply} />
            <Figures line={line} reply={reply} />
          </div>
          <div>
            <h3>{t('bus.histogram')}</h3>
            <Histogram name={line.name} counted={reply.line.rtt_ms} />
          </div>
        </div>
      </Card>
      <MeterErrors meters={reply.meters} line={line.name} />
      <Frames line={line.name} reply={reply} paused={paused} onPause={setPaused} />
      {may('configure') && <TryRead line={line.name} meters={reply.meters} />}
    </>
  );
}
