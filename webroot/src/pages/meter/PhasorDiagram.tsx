// SPDX-License-Identifier: Apache-2.0
// Voltages and currents as arrows: a swapped phase or a reversed current transformer is seen, not computed.

import { useComputed } from '@preact/signals';
import { second } from '../../app/clock';
import type { Meter } from '../../app/model';
import { show } from '../../data/format';
import { diagramOf, tip, type Diagram, type Phasor } from '../../data/phasor';
import { locale, t } from '../../i18n';
import { EmptyState } from '../../ui/notices';
import { systemOf } from './reading';

const RADIUS = 100;
const VOLTAGE_LENGTH = 92;
const CURRENT_LENGTH = 72;
const VOLT = { unit: 'V', quantity: '', decimals: 1 };
const AMPERE = { unit: 'A', quantity: '', decimals: 2 };
const ANGLE = { unit: 'deg', quantity: '', decimals: 1 };
const RINGS = [0.5, 1];
const SPOKES = [0, 30, 60, 90, 120, 150];

function Arrow({ angle, length, look }: { angle: number; length: number; look: string }) {
  const end = tip(angle, length);
  const left = tip(angle + 162, 9);
  const right = tip(angle - 162, 9);
  const x = end.x.toFixed(1);
  const y = end.y.toFixed(1);
  const head = `M${x} ${y}l${left.x.toFixed(1)} ${left.y.toFixed(1)}L${(end.x + right.x).toFixed(1)} ${(end.y + right.y).toFixed(1)}Z`;
  return (
    <g class={look}>
      <path class="arrow-line" d={`M0 0L${x} ${y}`} />
      <path class="arrow-head" d={head} />
    </g>
  );
}

function Grid() {
  return (
    <g class="phasor-grid">
      {RINGS.map((ring) => (
        <circle key={ring} r={RADIUS * ring} />
      ))}
      {SPOKES.map((angle) => {
        const end = tip(angle, RADIUS);
        return <path key={angle} d={`M${-end.x} ${-end.y}L${end.x} ${end.y}`} />;
      })}
    </g>
  );
}

function Arrows({ list, kind, longest }: { list: Phasor[]; kind: 'voltage' | 'current'; longest: number }) {
  const largest = Math.max(...list.map((phasor) => phasor.size), 1e-3);
  return (
    <>
      {list.map(({ phase, size, angle }) => {
        if (angle === null) return null;
        const length = (size / largest) * longest;
        return <Arrow key={phase} angle={angle} length={length} look={`arrow ${kind} ${phase}`} />;
      })}
    </>
  );
}

function Names({ voltages }: { voltages: Phasor[] }) {
  return (
    <>
      {voltages.map(({ phase, name, angle }) => {
        const at = tip(angle ?? 0, RADIUS + 13);
        return (
          <text key={phase} class="phasor-name" x={at.x} y={at.y}>
            {name}
          </text>
        );
      })}
    </>
  );
}

const written = (measure: typeof VOLT, value: number | null): string => {
  const { text, unit } = show(locale.value, measure, value);
  return unit === '°' ? `${text}${unit}` : `${text} ${unit}`;
};

function Angles({ diagram }: { diagram: Diagram }) {
  const row = (kind: string, sign: string, measure: typeof VOLT, phasor: Phasor, lag: number | null) => (
    <tr key={`${kind} ${phasor.phase}`}>
      <th scope="row" class={`phase-${phasor.phase.slice(1)}`}>
        <i class={`phase-mark is-${kind}`} aria-hidden="true" />
        {sign} {phasor.name}
      </th>
      <td class="number">{written(measure, phasor.size)}</td>
      <td class="number">{written(ANGLE, phasor.angle)}</td>
      <td class="number">{kind === 'current' && written(ANGLE, lag)}</td>
    </tr>
  );
  return (
    <table class="table phasor-table">
      <caption class="unseen">{t('meter.phasors')}</caption>
      <thead>
        <tr>
          <th scope="col">{t('phasor.name')}</th>
          <th scope="col">{t('phasor.size')}</th>
          <th scope="col">{t('phasor.angle')}</th>
          <th scope="col">{t('phasor.lag')}</th>
        </tr>
      </thead>
      <tbody>
        {diagram.voltages.map((phasor) => row('voltage', 'U', VOLT, phasor, null))}
        {diagram.currents.map((phasor) => row('current', 'I', AMPERE, phasor, phasor.lag))}
      </tbody>
    </table>
  );
}

export function PhasorDiagram({ meter }: { meter: Meter }) {
  const diagram = useComputed(() => {
    void second.value;
    return diagramOf(systemOf(meter));
  }).value;
  if (diagram.voltages.length === 0) {
    return (
      <EmptyState icon="trends" title={t('phasor.none')}>
        {t('phasor.none.help')}
      </EmptyState>
    );
  }
  return (
    <div class="phasor-box">
      <svg class="phasor" viewBox="-132 -122 264 244" role="img" aria-label={t('meter.phasors')}>
        <Grid />
        <Arrows list={diagram.voltages} kind="voltage" longest={VOLTAGE_LENGTH} />
        <Arrows list={diagram.currents} kind="current" longest={CURRENT_LENGTH} />
        <Names voltages={diagram.voltages} />
      </svg>
      <Angles diagram={diagram} />
      <p class="small">{t(`phasor.basis.${diagram.basis}`)}</p>
    </div>
  );
}
