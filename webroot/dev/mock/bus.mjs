// SPDX-License-Identifier: Apache-2.0
// The bus of the made-up plant: figures, histograms and frames of each line.

const BOUNDS = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 1000];
const FRAMES = 64;
const EVERY_MS = 130;

/** A hump around a middle, with a few stragglers. */
function histogram(middle, count) {
  const counts = [...BOUNDS, Infinity].map((bound, i) => {
    const from = BOUNDS[i - 1] ?? 0;
    const centre = bound === Infinity ? 1500 : (from + bound) / 2;
    return Math.round(count * Math.exp(-((Math.log(centre / middle) / 0.45) ** 2)));
  });
  counts[15] += Math.round(count / 400);
  return { bounds: BOUNDS, counts };
}

function crc(bytes) {
  let sum = 0xffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >> 1) ^ 0xa001 : sum >> 1;
  }
  return [sum & 0xff, sum >> 8];
}

const hexOf = (bytes) => [...bytes, ...crc(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

function answer(unit, turn) {
  if (turn % 23 === 7) {
    const meaning = 'exception 2: no such register';
    return { hex: hexOf([unit, 0x83, 2]), meaning, outcome: 'exception 2' };
  }
  const values = Array.from({ length: 20 }, (_, i) => (turn * 7 + i * 31) % 256);
  if (turn % 31 === 4)
    return { hex: hexOf([unit, 3, 20, ...values.slice(0, 9)]), meaning: 'check sum wrong', outcome: 'garbled' };
  return { hex: hexOf([unit, 3, 20, ...values]), meaning: '10 registers', outcome: 'good' };
}

/** Two frames a turn: a question and what came of it; the newest last. */
function framesOf(meters, dead, time) {
  const frames = [];
  const last = Math.floor(time / EVERY_MS);
  for (let turn = last - FRAMES / 2 + 1; turn <= last; turn++) {
    const meter = meters[turn % meters.length];
    const at = turn * EVERY_MS;
    const ask = hexOf([meter.seed, 3, 0x48, 0, 0, 10]);
    const meaning = 'read 10 holding registers from 18432';
    const out = { time: at, direction: 'out', unit: meter.seed, hex: ask, meaning, rtt_us: null };
    if (meter === dead) frames.push({ ...out, outcome: 'timeout' });
    else {
      const back = answer(meter.seed, turn);
      const rtt_us = 7900 + (turn % 9) * 310;
      frames.push({ ...out, outcome: 'good' });
      frames.push({ time: at + 8, direction: 'in', unit: meter.seed, ...back, rtt_us });
    }
  }
  return frames.slice(-FRAMES);
}

function meterOf(plant, meter, time) {
  const { bus } = plant.meterInfo(meter, time);
  const isDead = meter === plant.dead;
  const isNoisy = meter.name === 'compressor';
  const crcErrors = isNoisy ? Math.floor(bus.polls * 0.03) : 0;
  return {
    name: meter.name,
    unit: meter.seed,
    requests: bus.polls * 2,
    timeouts: bus.timeouts,
    crc: crcErrors,
    foreign: meter.seed % 4 === 0 ? 3 : 0,
    exceptions: meter.seed % 3 === 0 ? 11 : 0,
    rtt_ms: isDead ? { bounds: BOUNDS, counts: BOUNDS.map(() => 0).concat(0) } : histogram(6 + meter.seed, bus.good),
    verdict: isNoisy
      ? `unit ${meter.seed}: 3 % CRC errors only on this meter: its wiring or termination`
      : isDead
        ? `unit ${meter.seed}: no answer at all while its neighbours answer: address, supply or its stub`
        : '',
    narrowed: meter.seed % 3 === 0 ? [{ first: 18500, last: 18509, exception: 2 }] : [],
  };
}

export function busOf(plant, name, time) {
  const line = plant.lines(time).find((one) => one.name === name);
  if (!line) return null;
  const meters = plant.meters.filter((meter) => meter.line === name);
  return {
    line: { ...line, rtt_ms: histogram(9, 40_000) },
    meters: meters.map((meter) => meterOf(plant, meter, time)),
    frames: framesOf(meters, plant.dead, time),
  };
}

/** One reading of a unit by a register map; null when nobody answers there. */
export function readOnce(plant, { line, unit, profile, load = 1 }, time) {
  const meter = plant.meters.find((one) => one.line === line && one.seed === unit);
  if (!meter || meter === plant.dead) return null;
  const values = meter.points.map((point) => ({
    quantity: point.quantity,
    title: point.title,
    unit: point.unit,
    value: plant.value(point, time),
    quality: plant.quality(point),
  }));
  const attributes = { info_serial: `20${meter.seed}4711` };
  return { line, unit, load, profile, title: meter.title, values, attributes };
}
