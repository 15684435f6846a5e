// SPDX-License-Identifier: Apache-2.0
// What the gateway's web API sends of the bus, of scans and of the supervisor. Times are Unix milliseconds.

import type { Judged, LineInfo, Quality } from './types';

/** How many values fell up to each bound; the last count is of those above all bounds. */
export interface Buckets {
  bounds: number[];
  counts: number[];
}

export interface Narrowed {
  first: number;
  last: number;
  exception: number;
}

export interface BusMeter extends Judged {
  name: string;
  unit: number;
  requests: number;
  timeouts: number;
  crc: number;
  foreign: number;
  exceptions: number;
  late?: number;
  implausible?: number;
  rtt_ms: Buckets;
  narrowed: Narrowed[];
}

export interface Frame {
  time: number;
  direction: 'out' | 'in';
  unit: number;
  hex: string;
  /** Bytes on the wire; of long frames fewer are kept. */
  length?: number;
  meaning: string;
  /** good, timeout, garbled, foreign, "exception 2" and others. */
  outcome: string;
  rtt_us: number | null;
}

export interface BusReply {
  line: LineInfo & { rtt_ms: Buckets };
  meters: BusMeter[];
  frames: Frame[];
}

export interface ReadValue {
  quantity: string;
  title: string;
  unit: string;
  value: number | null;
  quality: Quality;
}

export interface ReadReply {
  line: string;
  unit: number;
  load: number;
  profile: string;
  title: string;
  values: ReadValue[];
  attributes: Record<string, string>;
}

export type ScanState = 'running' | 'done' | 'cancelled' | 'failed';

export interface Proposal {
  profile: string;
  title: string;
  score: number;
}

export interface Found {
  unit: number;
  state: 'found' | 'conflict' | 'foreign';
  settings: string;
  make: string;
  model: string;
  revision: string;
  serial: string;
  answers: string[];
  proposals: Proposal[];
  name: string;
  every: string;
  loads: number[];
  meter: string | null;
  text: string;
}

export interface Scan {
  line: string;
  state: ScanState;
  text: string;
  started: number;
  finished: number | null;
  settings: string;
  done: number;
  total: number;
  found: Found[];
}

export interface ScansReply {
  scans: Scan[];
}

/** The stream's `scan` event. */
export interface ScanEvent {
  line: string;
  state: ScanState;
  done: number;
  total: number;
  found: number;
  settings: string;
}

export interface Listener {
  service: string;
  address: string;
  port: number;
  state: string;
  /** Why it is not open. */
  text?: string;
}

export interface SupervisorConnection {
  address: string;
  service: string;
  role: string | null;
  since: number;
  requests: number;
}

export interface SupervisorUnit {
  unit: number;
  meter: string;
  line: string | null;
  /** Registers outside the map are asked for on the line. */
  bridge?: boolean;
}

/** A meter that can't be reached, since another has its unit. */
export interface UnitConflict {
  unit: number;
  meter: string;
  line: string;
  taken_by: string;
}

export interface SupervisorReply {
  listeners: Listener[];
  connections: SupervisorConnection[];
  units: SupervisorUnit[];
  conflicts?: UnitConflict[];
  points_unit: number;
  points_f64_unit?: number;
}

export interface Register {
  address: number;
  registers: number;
  type: string;
  point: string;
  title: string;
  unit: string;
  /** Discrete input that says whether the value is good. */
  input?: number;
  f64_address?: number | null;
}

export interface RegistersReply {
  unit: number;
  f64_unit?: number;
  registers: Register[];
}
