// SPDX-License-Identifier: Apache-2.0
// Who is logged in. Nothing of it is kept outside this page's memory; the cookie is the browser's and no script's.

import { computed, signal } from '@preact/signals';
import { get, Problem, send, setToken, whenUnauthorised } from './api';
import type { Permission, Session } from './types';

export type Standing = 'asking' | 'out' | 'setup' | 'in';

/** Undefined until the gateway was asked, null when nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined);
/** The session ended by itself, which the log-in page explains. */
export const ended = signal(false);
/** No account has its own password yet. */
export const firstStart = signal(false);
export const startProblem = signal<Problem | null>(null);

export const standing = computed<Standing>(() => {
  if (session.value === undefined) return 'asking';
  if (session.value === null) return 'out';
  return session.value.setup ? 'setup' : 'in';
});

export function may(permission: Permission): boolean {
  return session.value?.permissions.includes(permission) ?? false;
}

function take(next: Session): void {
  setToken(next.csrf);
  ended.value = false;
  session.value = next;
}

function leave(byItself: boolean): void {
  setToken('');
  ended.value = byItself;
  session.value = null;
}

whenUnauthorised(() => {
  if (session.value) leave(true);
});

async function askFirstStart(): Promise<void> {
  const reply = await get<{ required: boolean }>('/setup');
  firstStart.value = reply.required;
}

export async function startSession(): Promise<void> {
  startProblem.value = null;
  try {
    take(await get<Session>('/session'));
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) {
      startProblem.value = error instanceof Problem ? error : new Problem(0, 'page', String(error));
      return;
    }
    await askFirstStart().catch(() => {});
    leave(false);
  }
}

/** After the stream broke: is it the network, or has the session ended? True when the gateway answered. */
export async function checkSession(): Promise<boolean> {
  try {
    take(await get<Session>('/session'));
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status === 401 && session.value) leave(true);
    return error instanceof Problem && error.status > 0;
  }
}

export async function logIn(user: string, password: string): Promise<void> {
  take(await send<Session>('POST', '/session', { user, password }));
}

export async function setUp(password: string, adminName: string, adminPassword: string): Promise<void> {
  const body = { password, admin_name: adminName, admin_password: adminPassword };
  take(await send<Session>('POST', '/setup', body));
  firstStart.value = false;
}

/** Leaves the page in any case; if the gateway can't be reached, its idle time ends the session. */
export async function logOut(): Promise<void> {
  const farewell = send('DELETE', '/session').catch(() => {});
  session.value = undefined; // The pages go at once, and what they were asking with them.
  await farewell;
  leave(false);
}
