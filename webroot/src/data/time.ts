// SPDX-License-Identifier: Apache-2.0
// The site's time zone: where its days begin, also where a day has 23 or 25 hours, and how its times are written.

const parts = new Map<string, Intl.DateTimeFormat>();

function partsFormat(zone: string): Intl.DateTimeFormat {
  let format = parts.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    parts.set(zone, format);
  }
  return format;
}

/** A zone the browser knows, or UTC. */
export function knownZone(zone: string): string {
  try {
    partsFormat(zone);
    return zone;
  } catch {
    return 'UTC';
  }
}

/** What the wall clock of the zone shows, written as if it were UTC. */
export function wallClock(time: number, zone: string): number {
  const field: Record<string, number> = {};
  for (const part of partsFormat(zone).formatToParts(time)) field[part.type] = Number(part.value);
  return Date.UTC(
    field.year ?? 0,
    (field.month ?? 1) - 1,
    field.day ?? 1,
    field.hour ?? 0,
    field.minute ?? 0,
    field.second ?? 0,
  );
}

/** The offset of the zone at a moment, in milliseconds east of UTC. */
export function offsetAt(time: number, zone: string): number {
  return wallClock(time, zone) - Math.floor(time / 1000) * 1000;
}

const DAY_MS = 86_400_000;

/** The moment at which the zone's day that holds `time` began; `days` shifts by whole calendar days. */
export function startOfDay(time: number, zone: string, days = 0): number {
  const wall = Math.floor(wallClock(time, zone) / DAY_MS) * DAY_MS + days * DAY_MS;
  const early = wall - offsetAt(wall - DAY_MS / 2, zone);
  const late = wall - offsetAt(wall + DAY_MS / 2, zone);
  // On a day of change the two guesses differ; the right one shows midnight on the wall.
  if (wallClock(early, zone) === wall) return early;
  return wallClock(late, zone) === wall ? late : Math.max(early, late);
}

const writers = new Map<string, Intl.DateTimeFormat>();

export type Style = 'clock' | 'minute' | 'stamp' | 'day';

const STYLES: Record<Style, Intl.DateTimeFormatOptions> = {
  clock: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  minute: { hour: '2-digit', minute: '2-digit' },
  stamp: {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  },
  day: { weekday: 'long', day: 'numeric', month: 'long' },
};

export function written(time: number, style: Style, locale: string, zone: string): string {
  const key = `${style} ${locale} ${zone}`;
  let format = writers.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(locale, { ...STYLES[style], timeZone: zone });
    writers.set(key, format);
  }
  return format.format(time);
}
