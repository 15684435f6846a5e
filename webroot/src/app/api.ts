// SPDX-License-Identifier: Apache-2.0
// Asks the gateway. Every failure is a Problem with a stable key; the page translates the key and falls back on the
// gateway's own words.

export interface FieldError {
  path: string;
  message: string;
}

interface ProblemBody {
  title?: string;
  key?: string;
  detail?: string;
  errors?: FieldError[];
}

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly key: string,
    readonly detail: string,
    readonly errors: FieldError[] = [],
    readonly retryAfter_s: number | null = null,
  ) {
    super(detail);
  }
}

const ROOT = '/api/v1';
const PATIENCE_MS = 20_000;

let token = '';
let onUnauthorised: () => void = () => {};

/** The session's token against forged requests; kept in memory only. */
export function setToken(csrf: string): void {
  token = csrf;
}

/** Called when the gateway says that there is no session any more. */
export function whenUnauthorised(call: () => void): void {
  onUnauthorised = call;
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  const after = Number(response.headers.get('Retry-After'));
  return new Problem(
    response.status,
    body.key ?? `http_${response.status}`,
    body.detail ?? body.title ?? response.statusText,
    body.errors ?? [],
    after > 0 ? after : null,
  );
}

async function reach(path: string, init: RequestInit): Promise<Response> {
  const silence = AbortSignal.timeout(PATIENCE_MS);
  const stop = init.signal;
  const both = new AbortController();
  for (const one of [silence, stop]) one?.addEventListener('abort', () => both.abort(one.reason));
  if (stop?.aborted) both.abort(stop.reason);
  try {
    return await fetch(ROOT + path, {
      ...init,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: both.signal,
    });
  } catch (error) {
    if (stop?.aborted) throw error;
    throw new Problem(0, silence.aborted ? 'timeout' : 'unreachable', String(error));
  }
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  const response = await reach(path, init);
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const problem = await problemOf(response);
  if (response.status === 401 && path !== '/session') onUnauthorised();
  throw problem;
}

export function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, { method: 'GET', headers: { Accept: 'application/json' }, signal });
}

export function send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'Content-Type': 'application/json' };
  if (token) headers['X-CSRF-Token'] = token;
  return ask<T>(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

/** Whatever was thrown, as a Problem that can be shown. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'page', String(error));
}
