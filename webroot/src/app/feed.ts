// SPDX-License-Identifier: Apache-2.0
// Keeps the model fed while somebody is logged in. Happy path: the stream opens, the site is read once, values flow
// into signals. The stream breaks: the page says so, the stream comes back by itself with the latest values, and
// whoever shows history reads it again because `resync` counted up. The session ended: the log-in page.

import { batch, effect, signal } from '@preact/signals';
import { asProblem, get, Problem } from './api';
import { setGatewayTime } from './clock';
import type { ScanEvent } from './fieldbus';
import { applyRows, forget, takeCatalog, takeMeters } from './model';
import { onScan } from './scans';
import { checkSession, standing } from './session';
import type {
  CircuitInfo,
  HelloEvent,
  MetersReply,
  PointsReply,
  Site,
  ValuesEvent,
} from './types';
import { Gather } from '../live/frame';
import { directLink, workerLink, type Link } from '../live/link';
import type { StreamEvent } from '../live/stream';

export type Connection = 'connecting' | 'live' | 'lost';

export const connection = signal<Connection>('connecting');
export const lostSince = signal(0);
/** Counts up whenever values may have been missed. */
export const resync = signal(0);
export const catalogProblem = signal<Problem | null>(null);

const REREAD_MS = 3000;
/** A worker that a page reload left behind may fail once before it works. */
const WORKER_TRIES = 3;

let link: Link | null = null;
let everOpened = false;
let losses = 0;
let boot = '';
let rereadTimer: ReturnType<typeof setTimeout> | undefined;

async function circuits(): Promise<CircuitInfo[]> {
  try {
    return (await get<{ circuits: CircuitInfo[] }>('/circuits')).circuits;
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return [];
    throw error;
  }
}

export async function readCatalog(): Promise<void> {
  try {
    const [site, meters, points, circuitList] = await Promise.all([
      get<Site>('/site'),
      get<MetersReply>('/meters'),
      get<PointsReply>('/points'),
      circuits(),
    ]);
    setGatewayTime(points.time);
    takeCatalog({ site, meters, points, circuits: circuitList });
    catalogProblem.value = null;
  } catch (error) {
    catalogProblem.value = asProblem(error);
  }
}

export async function readMeters(): Promise<void> {
  await get<MetersReply>('/meters')
    .then(takeMeters)
    .catch(() => {});
}

/** Several reasons within moments lead to one reading. */
function reread(read: () => Promise<void>): void {
  rereadTimer ??= setTimeout(() => {
    rereadTimer = undefined;
    void read();
  }, REREAD_MS);
}

const gather = new Gather((rows) => {
  if (!applyRows(rows)) reread(readCatalog);
});

function onHello(hello: HelloEvent): void {
  setGatewayTime(hello.time);
  const missed = connection.peek() === 'lost';
  if (missed || (boot !== '' && boot !== hello.boot)) {
    resync.value++;
    void readCatalog();
  }
  boot = hello.boot;
  everOpened = true;
  losses = 0;
  connection.value = 'live';
}

async function onLost(): Promise<void> {
  losses++;
  if (everOpened || losses > 1) {
    batch(() => {
      if (connection.peek() !== 'lost') lostSince.value = Date.now();
      connection.value = 'lost';
    });
  }
  const reached = await checkSession();
  if (reached && !everOpened && losses >= WORKER_TRIES && standing.peek() === 'in') useDirectLink();
}

function onEvent(event: StreamEvent): void {
  switch (event.kind) {
    case 'hello':
      return onHello(JSON.parse(event.data) as HelloEvent);
    case 'values':
      return gather.add((JSON.parse(event.data) as ValuesEvent).values);
    case 'status':
      return reread(readMeters);
    case 'scan':
      return onScan(JSON.parse(event.data) as ScanEvent);
    case 'lost':
      void onLost();
      return;
    case 'open':
      return;
  }
}

function useDirectLink(): void {
  link?.stop();
  everOpened = true;
  link = directLink(onEvent);
  link.start();
}

function start(): void {
  connection.value = 'connecting';
  link ??= workerLink(onEvent, useDirectLink) ?? directLink(onEvent);
  link.start();
  void readCatalog();
}

function stop(): void {
  link?.stop();
  boot = '';
  forget();
}

/** A hidden tab applies nothing; when it is seen again it has missed history. */
function watchVisibility(): void {
  let hiddenAt = 0;
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (hiddenAt > 0 && Date.now() - hiddenAt > REREAD_MS) resync.value++;
  });
  addEventListener('pagehide', () => link?.stop());
  addEventListener('pageshow', (event) => {
    if (event.persisted && standing.peek() === 'in') link?.start();
  });
}

export function startFeed(): void {
  watchVisibility();
  effect(() => {
    if (standing.value === 'in') start();
    else stop();
  });
}
