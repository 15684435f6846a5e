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

async function ask(path: string, init: RequestInit): Promise<Response> {
  const response = await reach(path, init);
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && path !== '/session') onUnauthorised();
  throw problem;
}

async function bodyOf<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}

const JSON_TYPE = 'application/json';

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return bodyOf<T>(await ask(path, { method: 'GET', headers: { Accept: JSON_TYPE }, signal }));
}

/** With the tag by which a change says what it started from. */
export async function getTagged<T>(path: string): Promise<{ body: T; tag: string }> {
  const response = await ask(path, { method: 'GET', headers: { Accept: JSON_TYPE } });
  return { body: await bodyOf<T>(response), tag: response.headers.get('ETag') ?? '' };
}

/** As text of another type than JSON. */
export async function getText(path: string, type: string): Promise<string> {
  return (await ask(path, { method: 'GET', headers: { Accept: type } })).text();
}

type Method = 'POST' | 'PUT' | 'DELETE';

export async function send<T>(method: Method, path: string, body?: unknown, tag?: string): Promise<T> {
  const headers: Record<string, string> = { Accept: JSON_TYPE, 'Content-Type': JSON_TYPE };
  if (token) headers['X-CSRF-Token'] = token;
  if (tag !== undefined) headers['If-Match'] = tag;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return bodyOf<T>(await ask(path, { method, headers, body: text }));
}

/** Whatever was thrown, as a Problem that can be shown. */
export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'page', String(error));
}
