// SPDX-License-Identifier: Apache-2.0
// Angles of the phasor diagram. Meters give the voltages' sizes and each phase's active and reactive power; the
// voltages are drawn a third of a turn apart, and each current lags its voltage by atan2(Q, P).

export const PHASES = ['l1', 'l2', 'l3'] as const;
export type Phase = (typeof PHASES)[number];

export interface PhaseReading {
  voltage: number | null;
  current: number | null;
  active: number | null;
  reactive: number | null;
  factor: number | null;
}

export interface Phasor {
  phase: Phase;
  voltage: number;
  current: number | null;
  /** Degrees counter-clockwise from the reference axis, in (-180, 180]. */
  voltageAngle: number;
  currentAngle: number | null;
  /** Current behind voltage, degrees; positive is inductive. */
  lag: number | null;
}

const DEGREES = 180 / Math.PI;

export function normalise(angle: number): number {
  const turned = ((angle % 360) + 360) % 360;
  return turned > 180 ? turned - 360 : turned;
}

/** Lag from powers where both are known, else from the power factor, whose sign of reactive power is then unknown. */
export function lagOf(reading: PhaseReading): number | null {
  const { active, reactive, factor } = reading;
  if (active !== null && reactive !== null && (active !== 0 || reactive !== 0)) {
    return Math.atan2(reactive, active) * DEGREES;
  }
  if (factor === null || Math.abs(factor) > 1) return null;
  return Math.acos(factor) * DEGREES;
}

export function phasors(readings: Record<Phase, PhaseReading>): Phasor[] {
  const found: Phasor[] = [];
  PHASES.forEach((phase, i) => {
    const reading = readings[phase];
    if (reading.voltage === null) return;
    const voltageAngle = normalise(-120 * i);
    const lag = reading.current === null ? null : lagOf(reading);
    found.push({
      phase,
      voltage: reading.voltage,
      current: reading.current,
      voltageAngle,
      currentAngle: lag === null ? null : normalise(voltageAngle - lag),
      lag,
    });
  });
  return found;
}

/** Where an arrow of a length ends. L1 points up, as in the books; SVG's y grows downwards. */
export function tip(angle: number, length: number): { x: number; y: number } {
  const turn = (angle + 90) / DEGREES;
  return { x: Math.cos(turn) * length, y: -Math.sin(turn) * length };
}
