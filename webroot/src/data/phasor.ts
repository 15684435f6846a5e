// SPDX-License-Identifier: Apache-2.0
// Angles of the phasor diagram. Where the meter gives angles they are drawn. Else the voltages' angles follow from the
// triangle of voltages to neutral and between phases, or are a third of a turn apart; each current lags its voltage by
// atan2(Q, P). Without a neutral the voltages between phases are drawn, the currents against the middle of their
// triangle.

export const PHASES = ['l1', 'l2', 'l3'] as const;
export type Phase = (typeof PHASES)[number];
export type Three<T> = [T, T, T];

export interface PhaseReading {
  voltage: number | null;
  current: number | null;
  active: number | null;
  reactive: number | null;
  factor: number | null;
  /** Degrees, as the meter gives them: of the voltage against L1, of the current behind its voltage. */
  voltageAngle?: number | null;
  lag?: number | null;
}

export interface SystemReading {
  phases: Record<Phase, PhaseReading>;
  /** L1-L2, L2-L3, L3-L1. */
  between: Three<number | null>;
  /** Of the whole: its lag stands in for phases that give none. */
  total?: Pick<PhaseReading, 'active' | 'reactive' | 'factor'>;
}

export interface Phasor {
  name: string;
  phase: Phase;
  size: number;
  /** Degrees counter-clockwise from the reference axis, in (-180, 180]; null when it can't be told. */
  angle: number | null;
}

export type Basis = 'meter' | 'triangle' | 'even' | 'between';

export interface Diagram {
  basis: Basis;
  voltages: Phasor[];
  currents: (Phasor & { lag: number | null })[];
}

const DEGREES = 180 / Math.PI;
const NAMES = { l1: 'L1', l2: 'L2', l3: 'L3' } as const;
const BETWEEN = ['L1\u2013L2', 'L2\u2013L3', 'L3\u2013L1'] as const;
const EVEN: Three<number> = [0, -120, 120];
/** Angles of a triangle that miss a whole turn by more are no triangle: rounding or another moment. */
const MISS = 4;

export function normalise(angle: number): number {
  const turned = ((angle % 360) + 360) % 360;
  return turned > 180 ? turned - 360 : turned;
}

/** Lag from powers where both are known, else from the power factor, whose sign of reactive power is then unknown. */
export function lagOf(reading: Pick<PhaseReading, 'active' | 'reactive' | 'factor' | 'lag'>): number | null {
  const { active, reactive, factor, lag = null } = reading;
  if (lag !== null) return normalise(lag);
  if (active !== null && reactive !== null && (active !== 0 || reactive !== 0)) {
    return Math.atan2(reactive, active) * DEGREES;
  }
  if (factor === null || Math.abs(factor) > 1) return null;
  return Math.acos(factor) * DEGREES;
}

/** The angle between sides a and b of a triangle whose third side is c; null when these make no triangle. */
function angleBetween(a: number, b: number, c: number): number | null {
  const cos = (a * a + b * b - c * c) / (2 * a * b);
  return Number.isFinite(cos) && Math.abs(cos) <= 1 ? Math.acos(cos) * DEGREES : null;
}

function isThree(values: (number | null)[]): values is Three<number> {
  return values.length === 3 && values.every((value) => value !== null && value > 0);
}

/** Angles of three voltages to neutral from those between them; null when they don't fit together. */
function triangle(toNeutral: (number | null)[], between: (number | null)[]): Three<number> | null {
  if (!isThree(toNeutral) || !isThree(between)) return null;
  const [u1, u2, u3] = toNeutral;
  const first = angleBetween(u1, u2, between[0]);
  const second = angleBetween(u2, u3, between[1]);
  const third = angleBetween(u3, u1, between[2]);
  if (first === null || second === null || third === null) return null;
  return Math.abs(first + second + third - 360) > MISS ? null : [0, -first, third];
}

/** Angles of the three sides of the triangle between the phases, L1 up when it is even. */
function sides(between: Three<number>): Three<number> {
  const [a, b, c] = between;
  const atSecond = angleBetween(a, b, c) ?? 60;
  const atThird = angleBetween(b, c, a) ?? 60;
  const second = 30 - (180 - atSecond);
  return [30, normalise(second), normalise(second - (180 - atThird))];
}

function voltageAngles(system: SystemReading): { basis: Basis; angles: Three<number> } {
  const given = PHASES.map((phase) => system.phases[phase].voltageAngle ?? null);
  if (given.every((angle) => angle !== null))
    return { basis: 'meter', angles: given.map((angle) => normalise(angle!)) as Three<number> };
  const toNeutral = PHASES.map((phase) => system.phases[phase].voltage);
  const found = triangle(toNeutral, system.between);
  return found ? { basis: 'triangle', angles: found } : { basis: 'even', angles: EVEN };
}

function currentsOf(system: SystemReading, angles: Three<number>): Diagram['currents'] {
  return PHASES.flatMap((phase, i) => {
    const reading = system.phases[phase];
    if (reading.current === null) return [];
    const lag = lagOf(reading) ?? (system.total ? lagOf(system.total) : null);
    const angle = lag === null ? null : normalise(angles[i]! - lag);
    return [{ name: NAMES[phase], phase, size: Math.abs(reading.current), angle, lag }];
  });
}

export function diagramOf(system: SystemReading): Diagram {
  const hasNeutral = PHASES.some((phase) => system.phases[phase].voltage !== null);
  if (!hasNeutral && isThree(system.between)) {
    const angles = sides(system.between);
    const voltages = PHASES.map((phase, i) => {
      return { name: BETWEEN[i]!, phase, size: system.between[i]!, angle: angles[i]! };
    });
    return { basis: 'between', voltages, currents: currentsOf(system, EVEN) };
  }
  const { basis, angles } = voltageAngles(system);
  const voltages = PHASES.flatMap((phase, i) => {
    const size = system.phases[phase].voltage;
    return size === null ? [] : [{ name: NAMES[phase], phase, size, angle: angles[i]! }];
  });
  return { basis, voltages, currents: voltages.length > 0 ? currentsOf(system, angles) : [] };
}

/** Where an arrow of a length ends. L1 points up, as in the books; SVG's y grows downwards. */
export function tip(angle: number, length: number): { x: number; y: number } {
  const turn = (angle + 90) / DEGREES;
  return { x: Math.cos(turn) * length, y: -Math.sin(turn) * length };
}
