// SPDX-License-Identifier: Apache-2.0
// The gateway's web API as far as the page uses it, over the made-up plant.

import { randomBytes } from 'node:crypto';
import { busOf, readOnce } from './bus.mjs';
import { Config } from './config.mjs';
import { history } from './history.mjs';
import { Scans } from './scan.mjs';
import { registersCsv, registersOf, supervisorOf } from './supervisor.mjs';

const LEAST_PASSWORD = 15;
const IDLE_MS = 600_000;
const PERMISSIONS = {
  cyber_security: ['see', 'operate', 'secure'],
  admin: ['see', 'operate', 'configure'],
};

class Refusal extends Error {
  constructor(status, key, detail, headers = {}) {
    super(detail);
    Object.assign(this, { status, key, headers });
  }
}

export class Api {
  constructor(plant, { oneTime, accounts }) {
    this.plant = plant;
    this.oneTime = oneTime;
    this.accounts = new Map(accounts);
    this.sessions = new Map();
    this.boot = randomBytes(4).toString('hex');
    this.failures = 0;
    this.config = new Config(plant);
    this.scans = new Scans(plant, this.config);
  }

  describe(session) {
    const { user, profile, csrf, setup } = session;
    const expires = Date.now() + 12 * 3_600_000;
    return { user, profile, permissions: PERMISSIONS[profile], csrf, expires, idle_ms: IDLE_MS, setup };
  }

  open(user, profile, setup) {
    const id = randomBytes(16).toString('hex');
    const session = { id, user, profile, setup, csrf: randomBytes(16).toString('hex') };
    this.sessions.set(id, session);
    const cookie = `__Host-kw=${id}; Path=/; Secure; HttpOnly; SameSite=Strict`;
    return { status: 201, body: this.describe(session), headers: { 'Set-Cookie': cookie } };
  }

  logIn({ user, password }) {
    if (this.failures >= 5) {
      this.failures = 0;
      throw new Refusal(429, 'login_throttled', 'Too many tries.', { 'Retry-After': '5' });
    }
    if (this.oneTime && user === 'security' && password === this.oneTime)
      return this.open('security', 'cyber_security', true);
    const account = this.accounts.get(user);
    if (!account || account.password !== password) {
      this.failures++;
      throw new Refusal(401, 'login_failed', 'User or password is wrong.');
    }
    return this.open(user, account.profile, false);
  }

  setUp(session, body) {
    if (!session.setup) throw new Refusal(403, 'forbidden', 'Set-up is done.');
    for (const password of [body.password, body.admin_password]) {
      if (password.length < LEAST_PASSWORD)
        throw new Refusal(422, 'password_refused', 'It has fewer than 15 characters.');
      if (/kilowatch/i.test(password))
        throw new Refusal(422, 'password_refused', 'It contains the product’s name.');
    }
    this.oneTime = null;
    this.accounts.set('security', { password: body.password, profile: 'cyber_security' });
    this.accounts.set(body.admin_name, { password: body.admin_password, profile: 'admin' });
    this.sessions.clear();
    return this.open(body.admin_name, 'admin', false);
  }

  changePassword(session, body) {
    const account = this.accounts.get(session.user);
    if (account.password !== body.current)
      throw new Refusal(403, 'current_wrong', 'The current password is wrong.');
    if (body.new.length < LEAST_PASSWORD)
      throw new Refusal(422, 'password_refused', 'It has fewer than 15 characters.');
    account.password = body.new;
    return { status: 204 };
  }

  points(time, query) {
    const meter = query.get('meter');
    const points = this.plant.points.filter((point) => !meter || point.meter.name === meter);
    return points.map(({ at: _at, meter: owner, ...point }) => {
      const quality = this.plant.quality(this.plant.byId.get(point.id));
      const seen = owner === this.plant.dead ? null : time - (time % owner.every);
      const value = seen === null ? null : this.plant.value(this.plant.byId.get(point.id), seen);
      return { ...point, meter: owner.name, value, time: seen, quality };
    });
  }

  read(path, query) {
    const time = Date.now();
    const { plant } = this;
    switch (path) {
      case '/site':
        return { name: 'Plant 1', timezone: 'Europe/Paris' };
      case '/meters':
        return {
          lines: plant.lines(time),
          meters: plant.meters.map((meter) => plant.meterInfo(meter, time)),
        };
      case '/points':
        return { time, points: this.points(time, query) };
      case '/circuits':
        return { circuits: plant.circuits() };
      case '/bus':
        return this.found(busOf(plant, query.get('line'), time));
      case '/scan':
        return { scans: this.scans.list };
      case '/supervisor':
        return supervisorOf(plant, time);
      case '/supervisor/registers':
        return registersOf(plant);
      case '/history': {
        const found = history(plant, query);
        if (!found) throw new Refusal(422, 'too_many_rows', 'Ask for a step.');
        return found;
      }
      default:
        return this.found(null);
    }
  }

  found(body) {
    if (!body) throw new Refusal(404, 'not_found', 'There is nothing at this address.');
    return body;
  }

  /** GET and PUT of a section; null for other requests. */
  section(request, path, body) {
    const name = /^\/config\/(\w+)$/.exec(path)?.[1];
    if (!name) return null;
    const headers = { ETag: this.config.tag() };
    if (request.method === 'GET') return { status: 200, body: this.config.sections[name] ?? null, headers };
    const revision = this.config.put(name, body, request.headers['if-match']);
    if (revision === null) throw new Refusal(412, 'config_changed', 'The configuration was changed meanwhile.');
    return { status: 200, body: { revision } };
  }

  /** What changes or asks the bus; null for other requests. */
  act(act, query, body) {
    switch (act) {
      case 'POST /read': {
        const reply = readOnce(this.plant, body, Date.now());
        if (!reply) throw new Refusal(503, 'no_answer', `Unit ${body.unit} does not answer.`);
        return { status: 200, body: reply };
      }
      case 'POST /scan':
        if (!this.scans.start(body)) throw new Refusal(409, 'scan_running', 'This line is being scanned.');
        return { status: 202, body: {} };
      case 'DELETE /scan':
        this.found(this.scans.cancel(query.get('line')));
        return { status: 204 };
      default:
        return null;
    }
  }

  sessionOf(request) {
    const id = /__Host-kw=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];
    return this.sessions.get(id);
  }

  guard(request, session) {
    const { origin, host } = request.headers;
    if (origin && new URL(origin).host !== host) throw new Refusal(403, 'origin', 'Another page asked.');
    if (request.headers['content-type'] !== 'application/json')
      throw new Refusal(415, 'content_type', 'JSON is expected.');
    if (session && request.headers['x-csrf-token'] !== session.csrf)
      throw new Refusal(403, 'csrf', 'The token is missing.');
  }

  /** Answers a request: status, body, headers. Throws a Refusal. */
  answer(request, path, query, body) {
    const session = this.sessionOf(request);
    const act = `${request.method} ${path}`;
    if (act === 'GET /setup') return { status: 200, body: { required: Boolean(this.oneTime) } };
    if (act === 'GET /health') return { status: 200, body: { status: 'ok' } };
    if (request.method !== 'GET') this.guard(request, act === 'POST /session' ? null : session);
    if (act === 'POST /session') return this.logIn(body);
    if (!session) throw new Refusal(401, 'no_session', 'Log in first.');
    if (act === 'GET /session') return { status: 200, body: this.describe(session) };
    if (act === 'DELETE /session') {
      this.sessions.delete(session.id);
      return { status: 204 };
    }
    if (act === 'POST /setup') return this.setUp(session, body);
    if (session.setup) throw new Refusal(403, 'setup_first', 'Finish the set-up first.');
    if (act === 'PUT /account/password') return this.changePassword(session, body);
    const done = this.section(request, path, body) ?? this.act(act, query, body);
    if (done) return done;
    const answer = this.read(path, query);
    if (path === '/supervisor/registers' && request.headers.accept === 'text/csv')
      return { status: 200, text: registersCsv(answer), headers: { 'Content-Type': 'text/csv' } };
    return { status: 200, body: answer };
  }
}
