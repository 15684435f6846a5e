// SPDX-License-Identifier: Apache-2.0
// From what a scan found to meters of the configuration: which may be added, under which name, by which register map.

import type { Value } from './change';

export interface Units {
  first: number;
  last: number;
}

/** Addresses of meters on a serial line, and those that Modbus TCP knows besides. */
export const SERIAL_UNITS: Units = { first: 1, last: 247 };
export const TCP_UNITS: Units = { first: 0, last: 255 };

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const DURATION = /^(?:(\d+)(ms|s|min|h|d))+$/;
const PART = /(\d+)(ms|s|min|h|d)/g;
const MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SHORTEST_MS = 100;

/** How many units "1-10,17" names; null when it is no such list. */
export function countUnits(text: string, allowed: Units): number | null {
  const units = new Set<number>();
  for (const part of text.split(',')) {
    const match = /^\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?$/.exec(part);
    if (!match) return null;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (first < allowed.first || last > allowed.last || first > last) return null;
    for (let unit = first; unit <= last; unit++) units.add(unit);
  }
  return units.size;
}

export function isName(text: string): boolean {
  return NAME.test(text);
}

export function durationOf(text: string): number | null {
  if (!DURATION.test(text)) return null;
  return [...text.matchAll(PART)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * MS[unit as keyof typeof MS],
    0,
  );
}

/** A period that the gateway takes: 100 ms to 1 day. */
export function isPeriod(text: string): boolean {
  const span = durationOf(text);
  return span !== null && span >= SHORTEST_MS && span <= MS.d;
}

interface FoundUnit {
  unit: number;
  state: string;
  proposals: { profile: string }[];
  name: string;
  every: string;
  loads?: number[];
  meter: string | null;
}

/** A meter that may be added; a unit that measures several loads gives one each. */
export interface Candidate {
  key: string;
  unit: number;
  load: number;
  /** Name of the configured meter that stands there. */
  meter: string | null;
  ticked: boolean;
  name: string;
  profile: string;
  every: string;
}

/** A meter that is configured is not added again, but another of its loads may be. */
export function candidatesOf(found: FoundUnit[]): Candidate[] {
  return found
    .filter(({ state, meter, loads }) => state === 'found' && (meter === null || (loads?.length ?? 0) > 1))
    .flatMap(({ unit, proposals, name, every, loads, meter }) => {
      const list = loads && loads.length > 0 ? loads : [1];
      const profile = proposals[0]?.profile ?? '';
      return list.map((load) => ({
        key: `${unit}.${load}`,
        unit,
        load,
        meter,
        ticked: meter === null && profile !== '',
        name: list.length > 1 ? `${name}-${load}` : name,
        profile,
        every: every || '1s',
      }));
    });
}

export type Fault = 'name' | 'taken' | 'profile' | 'every';

/** What keeps a candidate from being added; names of other meters and of other ticked candidates are taken. */
export function faultOf(one: Candidate, all: Candidate[], taken: Set<string>): Fault | null {
  if (!isName(one.name)) return 'name';
  const twice = all.some((other) => other.ticked && other.key !== one.key && other.name === one.name);
  if (twice || taken.has(one.name)) return 'taken';
  if (!isName(one.profile)) return 'profile';
  return isPeriod(one.every) ? null : 'every';
}

type Entry = { [key: string]: Value };

export function entryOf(line: string, { name, unit, load, profile, every }: Candidate): Entry {
  return { name, line, unit, profile, ...(load === 1 ? {} : { load }), every };
}

function isEntry(item: Value): item is Entry {
  return item !== null && typeof item === 'object' && !Array.isArray(item);
}

/**
 * The section with the entries behind those that it has. Whoever changed it meanwhile may have added the same meter or
 * taken the name: such an entry is left out.
 */
export function addMeters(section: Value, entries: Entry[]): Value[] {
  const old = Array.isArray(section) ? section : [];
  const known = old.filter(isEntry);
  const fresh = entries.filter((entry) => {
    return !known.some(
      (one) =>
        one.name === entry.name ||
        (one.line === entry.line && one.unit === entry.unit && (one.load ?? 1) === (entry.load ?? 1)),
    );
  });
  return [...old, ...fresh];
}

/** A line of its own answer, "9600 8E1", as settings of a serial port. */
export function serialOf(settings: string): Entry | null {
  const match = /^(\d+) 8([NEO])([12])$/.exec(settings.trim());
  if (!match) return null;
  const parity = { N: 'none', E: 'even', O: 'odd' }[match[2] as 'N' | 'E' | 'O'];
  return { baud: Number(match[1]), parity, stop_bits: Number(match[3]) };
}

/** The section `lines` with other speed, parity and stop bits of one serial line. */
export function takeSerial(section: Value, name: string, settings: Entry): Value[] {
  const lines = Array.isArray(section) ? section : [];
  return lines.map((line) => {
    if (!isEntry(line) || line.name !== name || !isEntry(line.serial ?? null)) return line;
    return { ...line, serial: { ...(line.serial as Entry), ...settings } };
  });
}
