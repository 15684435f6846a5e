// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { asProblem, get, Problem, send } from '../src/app/api';
import { href, parseHash } from '../src/app/router';
import {
  checkSession,
  ended,
  firstStart,
  logIn,
  logOut,
  may,
  session,
  setUp,
  standing,
  startProblem,
  startSession,
} from '../src/app/session';
import { onKey, type Wishes } from '../src/ui/chart/gestures';

const SESSION = {
  user: 'anna',
  profile: 'admin',
  permissions: ['see'],
  csrf: 'T',
  expires: 0,
  idle_ms: 1,
  setup: false,
};

interface Call {
  path: string;
  init: RequestInit;
}

/** Answers the page's requests by "METHOD /path"; what is not listed is unreachable. */
function gateway(answers: Record<string, [number, unknown, Record<string, string>?]>): Call[] {
  const calls: Call[] = [];
  globalThis.fetch = (async (path: string, init: RequestInit) => {
    calls.push({ path, init });
    const answer = answers[`${init.method} ${path.replace('/api/v1', '')}`];
    if (!answer) throw new TypeError('network');
    const [status, body, headers] = answer;
    return new Response(body === null ? null : JSON.stringify(body), { status, headers });
  }) as typeof fetch;
  return calls;
}

const problem = (status: number, key: string): [number, unknown] => [
  status,
  { key, detail: 'said the gateway' },
];
const headerOf = (call: Call | undefined, name: string): string | undefined => {
  return (call?.init.headers as Record<string, string> | undefined)?.[name];
};

beforeEach(async () => {
  gateway({});
  await logOut();
  session.value = undefined;
  ended.value = false;
  firstStart.value = false;
});

test('answers are read, refusals become problems with a key', async () => {
  gateway({
    'GET /site': [200, { name: 'P' }],
    'GET /x': problem(422, 'too_many_rows'),
    'GET /y': [502, null],
  });
  assert.deepEqual(await get('/site'), { name: 'P' });
  await assert.rejects(
    get('/x'),
    (error: Problem) => error.key === 'too_many_rows' && error.detail === 'said the gateway',
  );
  await assert.rejects(get('/y'), (error: Problem) => error.key === 'http_502' && error.status === 502);
  await assert.rejects(get('/z'), (error: Problem) => error.key === 'unreachable' && error.status === 0);
});

test('who gave a request up is told so, not that the gateway is gone', async () => {
  const over = new AbortController();
  globalThis.fetch = (async (_path: string, init: RequestInit) => {
    return new Promise((_resolve, reject) =>
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason)),
    );
  }) as typeof fetch;
  const asked = get('/slow', over.signal);
  over.abort();
  await assert.rejects(asked, (error: Error) => !(error instanceof Problem));
});

test('whatever was thrown can be shown', () => {
  const given = new Problem(400, 'k', 'd');
  assert.equal(asProblem(given), given);
  assert.equal(asProblem(new Error('boom')).key, 'page');
});

test('the start finds a session, or the log-in with the hint of a first start', async () => {
  gateway({ 'GET /session': [200, SESSION] });
  await startSession();
  assert.equal(standing.value, 'in');
  gateway({ 'GET /session': problem(401, 'no_session'), 'GET /setup': [200, { required: true }] });
  await startSession();
  assert.deepEqual([standing.value, firstStart.value, ended.value], ['out', true, false]);
});

test('a gateway that does not answer at the start is a problem to retry', async () => {
  gateway({});
  await startSession();
  assert.deepEqual([standing.value, startProblem.value?.key], ['asking', 'unreachable']);
  gateway({ 'GET /session': [200, SESSION] });
  await startSession();
  assert.deepEqual([standing.value, startProblem.value], ['in', null]);
});

test('a log-in gives the token that changes carry', async () => {
  const calls = gateway({
    'POST /session': [201, SESSION],
    'PUT /x': [204, null],
    'DELETE /session': [204, null],
  });
  await logIn('anna', 'secret');
  await send('PUT', '/x', {});
  assert.equal(headerOf(calls[0], 'X-CSRF-Token'), undefined);
  assert.equal(headerOf(calls[0], 'Content-Type'), 'application/json');
  assert.equal(headerOf(calls[1], 'X-CSRF-Token'), 'T');
  assert.deepEqual([may('see'), may('configure')], [true, false]);
  await logOut();
  assert.deepEqual([standing.value, ended.value], ['out', false]);
});

test('a refused log-in leaves the page where it is', async () => {
  gateway({ 'POST /session': [429, { key: 'login_throttled' }, { 'Retry-After': '30' }] });
  session.value = null;
  await assert.rejects(logIn('anna', 'x'), (error: Problem) => error.retryAfter_s === 30);
  assert.equal(standing.value, 'out');
});

test('set-up follows a log-in with the one-time password', async () => {
  const calls = gateway({
    'POST /session': [201, { ...SESSION, setup: true }],
    'POST /setup': [201, { ...SESSION, csrf: 'T2' }],
    'PUT /x': [204, null],
  });
  await logIn('security', 'one-time');
  assert.equal(standing.value, 'setup');
  await setUp('p1', 'anna', 'p2');
  assert.deepEqual(JSON.parse(String(calls[1]!.init.body)), {
    password: 'p1',
    admin_name: 'anna',
    admin_password: 'p2',
  });
  assert.equal(standing.value, 'in');
  await send('PUT', '/x');
  assert.equal(headerOf(calls[2], 'X-CSRF-Token'), 'T2');
});

test('a session that ended leads to the log-in, which says so', async () => {
  gateway({ 'POST /session': [201, SESSION], 'GET /meters': problem(401, 'no_session') });
  await logIn('anna', 'secret');
  await assert.rejects(get('/meters'));
  assert.deepEqual([standing.value, ended.value], ['out', true]);
});

test('after a loss the page tells a dead network from an ended session', async () => {
  gateway({ 'POST /session': [201, SESSION] });
  await logIn('anna', 'secret');
  assert.equal(await checkSession(), false);
  assert.equal(standing.value, 'in');
  gateway({ 'GET /session': [200, SESSION] });
  assert.equal(await checkSession(), true);
  gateway({ 'GET /session': problem(401, 'no_session') });
  assert.equal(await checkSession(), true);
  assert.deepEqual([standing.value, ended.value], ['out', true]);
});

test('leaving works without the gateway', async () => {
  gateway({ 'POST /session': [201, SESSION] });
  await logIn('anna', 'secret');
  gateway({});
  await logOut();
  assert.equal(standing.value, 'out');
});

test('addresses and routes agree', () => {
  const query = new URLSearchParams({ p: 'a.x,b.y', last: '5' });
  assert.equal(href('trends', [], query), '#/trends?p=a.x,b.y&last=5');
  const back = parseHash('#/trends?p=a.x,b.y&last=5');
  assert.deepEqual([back.page, back.rest, back.query.get('p')], ['trends', [], 'a.x,b.y']);
  assert.deepEqual(parseHash(href('meters', ['a/b c'])).rest, ['a/b c']);
  assert.deepEqual(parseHash('').page, '');
  assert.deepEqual(parseHash('#/meters/%zz').rest, ['%zz']);
});

test('keys move, zoom and return', () => {
  const done: string[] = [];
  const wishes: Wishes = {
    zoom: (factor) => done.push(factor < 1 ? 'in' : 'out'),
    pan: (share) => done.push(share < 0 ? 'earlier' : 'later'),
    live: () => done.push('live'),
  };
  const press = (key: string, more = {}) => {
    let prevented = false;
    onKey({ key, ...more, preventDefault: () => (prevented = true) } as unknown as KeyboardEvent, wishes);
    return prevented;
  };
  for (const key of ['ArrowLeft', 'ArrowRight', '+', '-', 'End']) assert.equal(press(key), true);
  assert.equal(press('a'), false);
  assert.equal(press('+', { ctrlKey: true }), false);
  assert.equal(done.join(' '), 'earlier later in out live');
});
