// SPDX-License-Identifier: Apache-2.0
// One moment of a meter as the diagram and the wiring check need it, from whichever points its make offers.

import type { Catalog, Meter } from '../../app/model';
import { PHASES, type Phase, type PhaseReading, type SystemReading, type Three } from '../../data/phasor';
import type { WiringReading } from '../../data/wiring';

function valueOf(meter: Meter, name: string): number | null {
  return meter.points.get(name)?.sample.peek().value ?? null;
}

function phaseOf(meter: Meter, phase: Phase): PhaseReading {
  return {
    voltage: valueOf(meter, `voltage_${phase}_n`),
    current: valueOf(meter, `current_${phase}`),
    active: valueOf(meter, `active_power_${phase}`),
    reactive: valueOf(meter, `reactive_power_${phase}`),
    factor: valueOf(meter, `power_factor_${phase}`),
    voltageAngle: valueOf(meter, `voltage_angle_${phase}`),
    lag: valueOf(meter, `phase_angle_${phase}`),
  };
}

export function systemOf(meter: Meter): SystemReading {
  const phases = Object.fromEntries(PHASES.map((phase) => [phase, phaseOf(meter, phase)]));
  return {
    phases: phases as Record<Phase, PhaseReading>,
    between: ['l1_l2', 'l2_l3', 'l3_l1'].map((pair) => valueOf(meter, `voltage_${pair}`)) as Three<
      number | null
    >,
    total: {
      active: valueOf(meter, 'active_power_total'),
      reactive: valueOf(meter, 'reactive_power_total'),
      factor: valueOf(meter, 'power_factor_total'),
    },
  };
}

/** With what the circuits say of the meter: its rated current, and whether a generator delivers through it. */
export function wiringOf(meter: Meter, known: Catalog | null, seen_a: number | null): WiringReading {
  const circuits = known?.circuits.filter((circuit) => circuit.meter === meter.name) ?? [];
  return {
    ...systemOf(meter),
    rated_a: circuits.find((circuit) => circuit.rated_a !== null)?.rated_a ?? null,
    seen_a,
    generator: circuits.some((circuit) => circuit.kind === 'generator'),
  };
}
