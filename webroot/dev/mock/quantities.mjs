// SPDX-License-Identifier: Apache-2.0
// What a made-up meter measures: name, title, unit and the value as a function of time.

/** A sine of a period in seconds. */
export function wave(time, period_s, phase) {
  return Math.sin((time / 1000 / period_s) * 2 * Math.PI + phase);
}

export function quantitiesOf(plant, meter) {
  const list = [];
  const add = (name, title, unit, value, kind = 'gauge', decimals = 1) =>
    list.push({ name, title, unit, value, kind, decimals });
  const lag = Math.tan(Math.acos(meter.factor));
  [1, 2, 3].forEach((n) => {
    const next = (n % 3) + 1;
    add(`voltage_l${n}_n`, `Voltage, L${n} to N`, 'V', (t) => plant.voltage(meter, t, n));
    add(
      `voltage_l${n}_l${next}`,
      `Voltage, L${n} to L${next}`,
      'V',
      (t) => plant.voltage(meter, t, n) * 1.732,
    );
    add(
      `current_l${n}`,
      `Current, L${n}`,
      'A',
      (t) => plant.phasePower(meter, t, n) / meter.factor / plant.voltage(meter, t, n),
      'gauge',
      2,
    );
    add(`active_power_l${n}`, `Active power, L${n}`, 'W', (t) => plant.phasePower(meter, t, n), 'gauge', 0);
    add(
      `reactive_power_l${n}`,
      `Reactive power, L${n}`,
      'var',
      (t) => plant.phasePower(meter, t, n) * lag,
      'gauge',
      0,
    );
    add(
      `apparent_power_l${n}`,
      `Apparent power, L${n}`,
      'VA',
      (t) => plant.phasePower(meter, t, n) / meter.factor,
      'gauge',
      0,
    );
    add(
      `power_factor_l${n}`,
      `Power factor, L${n}`,
      '1',
      (t) => meter.factor + 0.01 * wave(t, 60, n),
      'gauge',
      3,
    );
    add(`thd_voltage_l${n}`, `THD of voltage, L${n}`, '1', (t) => 0.018 + 0.003 * wave(t, 90, n), 'gauge', 3);
  });
  add('current_n', 'Current, N', 'A', (t) => 1.2 + 0.4 * wave(t, 70, 1), 'gauge', 2);
  add('voltage_ln_avg', 'Voltage, mean of phases', 'V', (t) => plant.voltage(meter, t, 2));
  add('active_power_total', 'Active power, total', 'W', (t) => plant.power(meter, t), 'gauge', 0);
  add('reactive_power_total', 'Reactive power, total', 'var', (t) => plant.power(meter, t) * lag, 'gauge', 0);
  add(
    'apparent_power_total',
    'Apparent power, total',
    'VA',
    (t) => plant.power(meter, t) / meter.factor,
    'gauge',
    0,
  );
  add(
    'power_factor_total',
    'Power factor, total',
    '1',
    (t) => meter.factor + 0.008 * wave(t, 45, meter.seed),
    'gauge',
    3,
  );
  add(
    'frequency',
    'Frequency',
    'Hz',
    (t) => 50 + 0.02 * wave(t, 180, 1) + 0.008 * wave(t, 11, 2),
    'gauge',
    2,
  );
  add(
    'active_energy_import_total',
    'Active energy, import, total',
    'Wh',
    (t) => plant.energy(meter, t),
    'counter',
    0,
  );
  add('active_energy_export_total', 'Active energy, export, total', 'Wh', () => 0, 'counter', 0);
  add(
    'reactive_energy_import_total',
    'Reactive energy, import, total',
    'varh',
    (t) => plant.energy(meter, t) * lag,
    'counter',
    0,
  );
  add('hour_meter', 'Hours of operation', 's', (t) => (t - plant.oldest) / 1000, 'counter', 0);
  return list;
}
