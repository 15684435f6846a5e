// SPDX-License-Identifier: Apache-2.0
// Voltages and currents as arrows: a swapped phase or a reversed current transformer is seen, not computed.

import { useComputed } from '@preact/signals';
import { second } from '../../app/clock';
import type { Meter } from '../../app/model';
import { show } from '../../data/format';
import { PHASES, phasors, tip, type Phase, type PhaseReading, type Phasor } from '../../data/phasor';
import { locale, t } from '../../i18n';
import { EmptyState } from '../../ui/notices';

const RADIUS = 100;
const VOLTAGE_LENGTH = 92;
const CURRENT_LENGTH = 72;
const ANGLE = { unit: 'deg', quantity: '', decimals: 1 };
const RINGS = [0.5, 1];
const SPOKES = [0, 30, 60, 90, 120, 150];

function readingOf(meter: Meter, phase: Phase): PhaseReading {
  const value = (name: string): number | null => meter.points.get(name)?.sample.peek().value ?? null;
  return {
    voltage: value(`voltage_${phase}_n`),
    current: value(`current_${phase}`),
    active: value(`active_power_${phase}`),
    reactive: value(`reactive_power_${phase}`),
    factor: value(`power_factor_${phase}`),
  };
}

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

function Arrows({ found }: { found: Phasor[] }) {
  const highest = Math.max(...found.map((phasor) => phasor.voltage), 1);
  const largest = Math.max(...found.map((phasor) => phasor.current ?? 0), 1e-3);
  return (
    <>
      {found.map(({ phase, voltage, voltageAngle }) => (
        <Arrow
          key={phase}
          angle={voltageAngle}
          length={(voltage / highest) * VOLTAGE_LENGTH}
          look={`arrow voltage ${phase}`}
        />
      ))}
      {found.map(({ phase, current, currentAngle }) => {
        if (current === null || currentAngle === null) return null;
        const length = (current / largest) * CURRENT_LENGTH;
        return <Arrow key={phase} angle={currentAngle} length={length} look={`arrow current ${phase}`} />;
      })}
      {found.map(({ phase, voltageAngle }) => {
        const at = tip(voltageAngle, RADIUS + 12);
        return (
          <text key={phase} class="phasor-name" x={at.x} y={at.y}>
            {phase.toUpperCase()}
          </text>
        );
      })}
    </>
  );
}

function Angles({ found }: { found: Phasor[] }) {
  const angle = (value: number | null): string => {
    const shown = show(locale.value, ANGLE, value);
    return `${shown.text}${shown.unit}`;
  };
  return (
    <table class="table phasor-table">
      <thead>
        <tr>
          <th scope="col">{t('phasor.phase')}</th>
          <th scope="col">{t('phasor.voltage')}</th>
          <th scope="col">{t('phasor.current')}</th>
          <th scope="col">{t('phasor.lag')}</th>
        </tr>
      </thead>
      <tbody>
        {found.map((phasor, i) => (
          <tr key={phasor.phase}>
            <th scope="row" class={`phase-${i + 1}`}>
              <i class="phase-mark" aria-hidden="true" />
              {phasor.phase.toUpperCase()}
            </th>
            <td class="number">{angle(phasor.voltageAngle)}</td>
            <td class="number">{angle(phasor.currentAngle)}</td>
            <td class="number">{angle(phasor.lag)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function PhasorDiagram({ meter }: { meter: Meter }) {
  const found = useComputed(() => {
    void second.value;
    const readings = Object.fromEntries(PHASES.map((phase) => [phase, readingOf(meter, phase)]));
    return phasors(readings as Record<Phase, PhaseReading>);
  }).value;
  if (found.length === 0) {
    return (
      <EmptyState icon="trends" title={t('phasor.none')}>
        {t('phasor.none.help')}
      </EmptyState>
    );
  }
  return (
    <div class="phasor-box">
      <svg class="phasor" viewBox="-122 -122 244 244" role="img" aria-label={t('meter.phasors')}>
        <Grid />
        <Arrows found={found} />
      </svg>
      <Angles found={found} />
      <p class="small">{t('phasor.how')}</p>
    </div>
  );
}
