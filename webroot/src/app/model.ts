// SPDX-License-Identifier: Apache-2.0
// What the page knows of the site: lines, meters and points, each point with a signal of its own, so that a new value
// changes one text on the screen and nothing else.

import { batch, signal, type Signal } from '@preact/signals';
import type {
  CircuitInfo,
  LineInfo,
  LiveRow,
  MeterInfo,
  MetersReply,
  PointInfo,
  PointsReply,
  Quality,
  Site,
} from './types';

export interface Sample {
  value: number | null;
  time: number | null;
  quality: Quality;
}

export interface Point {
  id: number;
  name: string;
  meter: string;
  quantity: string;
  title: string;
  unit: string;
  kind: PointInfo['kind'];
  decimals: number;
  sample: Signal<Sample>;
}

export interface Meter {
  name: string;
  info: Signal<MeterInfo>;
  /** By quantity. */
  points: Map<string, Point>;
}

export interface Catalog {
  site: Site;
  meters: Meter[];
  circuits: CircuitInfo[];
  byId: Map<number, Point>;
  byName: Map<string, Point>;
}

export const catalog = signal<Catalog | null>(null);
export const lines = signal<LineInfo[]>([]);

export interface Parts {
  site: Site;
  meters: MetersReply;
  points: PointsReply;
  circuits: CircuitInfo[];
}

function sampleOf(info: PointInfo): Sample {
  return { value: info.value, time: info.time, quality: info.quality };
}

function isNewer(sample: Sample, known: Sample): boolean {
  return known.time === null || (sample.time !== null && sample.time >= known.time);
}

/** Keeps the signal of a point that was there before: what shows it goes on. */
function pointOf(info: PointInfo, before: Point | undefined): Point {
  const { value: _value, time: _time, quality: _quality, ...fixed } = info;
  if (!before) return { ...fixed, sample: signal(sampleOf(info)) };
  const sample = sampleOf(info);
  if (isNewer(sample, before.sample.peek())) before.sample.value = sample;
  return { ...fixed, sample: before.sample };
}

function meterOf(info: MeterInfo, points: Point[], before: Meter | undefined): Meter {
  if (before) before.info.value = info;
  return {
    name: info.name,
    info: before?.info ?? signal(info),
    points: new Map(points.map((point) => [point.quantity, point])),
  };
}

/** A meter that is computed has points and no entry among those on lines; its state is that of its values. */
function virtualInfo(name: string, points: Point[]): MeterInfo {
  const samples = points.map((point) => point.sample.peek());
  const isGood = samples.some((sample) => sample.value !== null);
  return {
    uid: `virtual ${name}`,
    name,
    line: null,
    profile: null,
    title: '',
    state: isGood ? 'ok' : 'waiting',
    text: '',
    since: 0,
    points: points.map((point) => point.id),
  };
}

/** Computed meters come first: the incomer is usually one of them. */
function allMeters(listed: MeterInfo[], ofMeter: Map<string, Point[]>): MeterInfo[] {
  const names = new Set(listed.map((info) => info.name));
  const virtual = [...ofMeter].filter(([name]) => !names.has(name));
  return [...virtual.map(([name, points]) => virtualInfo(name, points)), ...listed];
}

/** Takes a whole reading of the site; called at the start and whenever the gateway's configuration may have changed. */
export function takeCatalog(parts: Parts): void {
  const before = catalog.peek();
  const known = new Map(before?.meters.map((meter) => [meter.info.peek().uid, meter]));
  const points = parts.points.points.map((info) => pointOf(info, before?.byId.get(info.id)));
  const ofMeter = new Map<string, Point[]>();
  for (const point of points) {
    const list = ofMeter.get(point.meter);
    if (list) list.push(point);
    else ofMeter.set(point.meter, [point]);
  }
  batch(() => {
    lines.value = parts.meters.lines;
    catalog.value = {
      site: parts.site,
      circuits: parts.circuits,
      meters: allMeters(parts.meters.meters, ofMeter).map((info) =>
        meterOf(info, ofMeter.get(info.name) ?? [], known.get(info.uid)),
      ),
      byId: new Map(points.map((point) => [point.id, point])),
      byName: new Map(points.map((point) => [point.name, point])),
    };
  });
}

/** Takes a fresh reading of the lines and meters alone: their states, words and bus figures. */
export function takeMeters(reply: MetersReply): void {
  const meters = new Map(catalog.peek()?.meters.map((meter) => [meter.info.peek().uid, meter]));
  batch(() => {
    lines.value = reply.lines;
    for (const info of reply.meters) {
      const meter = meters.get(info.uid);
      if (meter) meter.info.value = info;
    }
  });
}

export function forget(): void {
  catalog.value = null;
  lines.value = [];
}

type Listener = (changed: Point[]) => void;
const listeners = new Set<Listener>();

/** Calls after each frame's values were applied, with the points that changed; returns what ends it. */
export function onValues(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Applies live rows; returns whether all points were known. */
export function applyRows(rows: Iterable<LiveRow>): boolean {
  const byId = catalog.peek()?.byId;
  if (!byId) return true;
  let known = true;
  const changed: Point[] = [];
  batch(() => {
    for (const [id, time, value, quality] of rows) {
      const point = byId.get(id);
      if (!point) {
        known = false;
        continue;
      }
      point.sample.value = { value, time, quality: quality ?? 'good' };
      changed.push(point);
    }
  });
  for (const listener of listeners) listener(changed);
  return known;
}
