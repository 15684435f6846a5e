// SPDX-License-Identifier: Apache-2.0
// Past values of the made-up plant, raw or stepped as the gateway gives them.

const SUBSAMPLES = 6;
const MOST_ROWS = 50_000;

function rawRows(plant, point, from, to) {
  const every = point.meter.every;
  const rows = [];
  for (let time = Math.ceil(from / every) * every; time <= to; time += every) {
    if (!plant.isGap(point, time)) rows.push([time, plant.value(point, time)]);
  }
  return rows;
}

function steppedRows(plant, point, from, to, step) {
  const rows = [];
  for (let time = Math.floor(from / step) * step; time <= to; time += step) {
    if (plant.isGap(point, time)) continue;
    const values = [];
    for (let i = 0; i < SUBSAMPLES; i++) {
      const at = time + (i * step) / SUBSAMPLES;
      if (at <= to) values.push(plant.value(point, at));
    }
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    rows.push([
      time,
      Math.min(...values),
      Math.max(...values),
      mean,
      values[0],
      values.at(-1),
      values.length,
    ]);
  }
  return rows;
}

export function history(plant, query) {
  const now = Date.now();
  const from = Math.max(Number(query.get('from') ?? now - 3_600_000), plant.oldest);
  const to = Math.min(Number(query.get('to') ?? now), now);
  const step = query.has('step') ? Number(query.get('step')) : null;
  const points = (query.get('points') ?? '').split(',').flatMap((key) => {
    return plant.byId.get(Number(key)) ?? plant.byName.get(key) ?? [];
  });
  if (step === null && points.some((point) => (to - from) / point.meter.every > MOST_ROWS)) return null;
  const series = points.map((point) => ({
    point: point.id,
    name: point.name,
    unit: point.unit,
    rows: step === null ? rawRows(plant, point, from, to) : steppedRows(plant, point, from, to, step),
  }));
  const columns =
    step === null ? ['time', 'value', 'quality'] : ['time', 'min', 'max', 'mean', 'first', 'last', 'count'];
  return { from, to, step, columns, series };
}
