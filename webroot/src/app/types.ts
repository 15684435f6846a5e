// SPDX-License-Identifier: Apache-2.0
// What the gateway's web API sends. Times are Unix milliseconds, values stand in base units.

export type Permission = 'see' | 'operate' | 'configure' | 'secure';
export type Profile = 'cyber_security' | 'admin' | 'advanced_user' | 'user';

export interface Session {
  user: string;
  profile: Profile;
  permissions: Permission[];
  csrf: string;
  expires: number;
  idle_ms: number;
  setup: boolean;
}

export interface Site {
  name: string;
  timezone: string;
}

export type LineState = 'up' | 'down' | 'connecting';
export type MeterState = 'waiting' | 'ok' | 'failing';

/** What the gateway makes of the errors: its own words, and what they are made of. */
export interface Judged {
  verdict?: string;
  verdict_key?: string;
  verdict_values?: Record<string, number>;
}

export interface LineInfo extends Judged {
  name: string;
  kind: 'serial' | 'tcp' | 'rtu_tcp';
  address: string;
  state: LineState;
  text: string;
  utilisation: number;
  /** Time asked for by all periods / time there is; above 1 the periods take longer, by `stretch`. */
  demand?: number;
  stretch?: number;
  foreign?: number;
  meters: number;
}

export interface BusFigures {
  polls: number;
  good: number;
  timeouts: number;
  crc: number;
  foreign: number;
  exceptions: number;
  rtt_us: { last: number; mean: number; max: number };
  last_good: number | null;
}

export interface MeterInfo extends Judged {
  uid: string;
  name: string;
  line: string | null;
  unit?: number;
  load?: number;
  profile: string | null;
  title: string;
  labels?: Record<string, string>;
  state: MeterState;
  text: string;
  since: number;
  every_ms?: { fast: number; normal: number; slow: number };
  bus?: BusFigures;
  attributes?: Record<string, string>;
  /** Mean period of the fast values that was really reached. */
  achieved_ms?: number | null;
  points: number[];
}

export interface MetersReply {
  lines: LineInfo[];
  meters: MeterInfo[];
}

export type PointKind = 'gauge' | 'counter' | 'state';

export const QUALITIES = [
  'good',
  'uncertain_stale',
  'uncertain_clock',
  'bad_never',
  'bad_timeout',
  'bad_crc',
  'bad_exception',
  'bad_not_available',
  'bad_implausible',
  'bad_line',
  'bad_config',
  'bad_foreign',
] as const;
export type Quality = (typeof QUALITIES)[number];

export interface PointInfo {
  id: number;
  name: string;
  meter: string;
  quantity: string;
  title: string;
  unit: string;
  kind: PointKind;
  decimals: number;
  value: number | null;
  time: number | null;
  quality: Quality;
}

export interface PointsReply {
  time: number;
  points: PointInfo[];
}

export interface CircuitInfo {
  name: string;
  kind: string;
  meter: string | null;
  parent: string | null;
  rated_a: number | null;
}

/** One row of a `values` event: id, time, value, quality (absent when good). */
export type LiveRow = [number, number, number | null, Quality?];

export interface HelloEvent {
  time: number;
  boot: string;
}

export interface ValuesEvent {
  time: number;
  values: LiveRow[];
}

/** Raw rows: time, value, quality. Stepped rows: time, min, max, mean, first, last, count. */
export type HistoryRow = (number | null | string)[];

export interface HistorySeries {
  point: number;
  name: string;
  unit: string;
  rows: HistoryRow[];
}

export interface HistoryReply {
  from: number;
  to: number;
  step: number | null;
  columns: string[];
  series: HistorySeries[];
}
