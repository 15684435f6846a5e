// SPDX-License-Identifier: Apache-2.0
// The event stream: hello, all latest values, then what each poll read, and a status every five seconds.

const TURN_MS = 100;
const STATUS_MS = 5000;

function rowOf(plant, point, time) {
  const quality = plant.quality(point);
  const row = [point.id, time, plant.value(point, time)];
  if (quality !== 'good') row.push(quality);
  return row;
}

export function streamLive(plant, { boot, scans }, request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const started = Date.now();
  send('hello', { time: started, boot });
  send('values', { time: started, values: plant.points.map((point) => rowOf(plant, point, started)) });

  // Each meter has its own place in the second, as meters on several lines do.
  let before = started;
  const turn = setInterval(() => {
    const now = Date.now();
    const due = [...plant.meters, plant.computed].filter((meter) => {
      const shift = (meter.seed * 137) % meter.every;
      return Math.floor((now - shift) / meter.every) > Math.floor((before - shift) / meter.every);
    });
    before = now;
    const values = due
      .filter((meter) => meter !== plant.dead)
      .flatMap((meter) => meter.points.map((point) => rowOf(plant, point, now)));
    if (values.length > 0) send('values', { time: now, values });
  }, TURN_MS);
  const status = setInterval(() => {
    const now = Date.now();
    send('status', {
      status: 'degraded',
      loop_longest_us: 420,
      lines: plant.lines(now).map(({ name, state, utilisation }) => ({ name, state, utilisation })),
      meters: plant.meters.map((meter) => ({
        name: meter.name,
        state: meter === plant.dead ? 'failing' : 'ok',
      })),
    });
  }, STATUS_MS);
  const tell = (event) => send('scan', event);
  scans.listeners.add(tell);
  request.on('close', () => {
    scans.listeners.delete(tell);
    clearInterval(turn);
    clearInterval(status);
  });
}
