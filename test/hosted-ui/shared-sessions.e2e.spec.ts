import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import KeyvRedis from '@keyv/redis';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REDIS_PROGRAM, RedisServer } from '../authorization/redis.server.js';
import { Browser, refusalOf } from './browser.js';
import type { Visit } from './browser.js';
import { startDomain } from './domain.js';
import type { Domain } from './domain.js';
import { APP, PASSWORD, startPool } from './hosted-app.js';
import type { Assignment } from './shared-sessions.process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const CLIENTS = ['web', 'rotating'];
const POST = { method: 'POST' };
const NOBODY = [401, 'missing_token'];
// How the tokens of Cognito begin, and what is in them.
const READABLE = /eyJ(hbGci|raWQi|jdHki)|alice|example\.com|origin_jti|Token"|"sub"/;
const UNAVAILABLE = [503, 'store_unavailable', '1'];

/** A process with an application for each of the app clients, which knows Redis by its address. */
class WebProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly places: readonly string[],
  ) {}

  static async start(assignment: Assignment): Promise<WebProcess> {
    const file = 'test/hosted-ui/shared-sessions.process.ts';
    const child = fork('tools/run-typescript.mjs', [file, JSON.stringify(assignment)], {
      cwd: root,
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the process ended with ${code}`);
    });
    ended.catch(() => undefined);
    const [places] = (await Promise.race([once(child, 'message'), ended])) as [string[]];
    return new WebProcess(child, places);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Leads a browser here, as a load balancer does. */
  lead(browser: Browser, clientId: string): Browser {
    return browser.through({ [APP]: this.places[CLIENTS.indexOf(clientId)] ?? '' });
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const end = once(this.child, 'exit');
    this.child.kill();
    await end;
  }
}

const note = REDIS_PROGRAM ? '' : ' (skipped: there is no redis-server on this machine)';

// One story: the order of the tests matters.
describe.skipIf(!REDIS_PROGRAM)(`Sessions in Redis, shared by two processes${note}`, () => {
  let server: LocalUserPoolServer;
  let domain: Domain;
  let redis: RedisServer;
  let one: WebProcess;
  let other: WebProcess;
  /** The browsers of alice, one for each app client. */
  const browsers = new Map<string, Browser>();

  beforeAll(async () => {
    ({ server } = await startPool());
    domain = await startDomain(server);
    redis = await RedisServer.create();
    await redis.start();
    const assignment = {
      clientIds: CLIENTS,
      options: server.options(),
      domain: domain.url,
      redis: redis.url,
    };
    [one, other] = await Promise.all([
      WebProcess.start({ adapter: 'express', ...assignment }),
      WebProcess.start({ adapter: 'fastify', ...assignment }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([one, other].map((web) => web?.stop()));
    await redis?.remove();
    domain?.close();
    await server?.close();
  });

  async function signedIn(clientId: string): Promise<Browser> {
    const browser = new Browser();
    const page = await one.lead(browser, clientId).open(`${APP}/orders`);
    await one.lead(browser, clientId).signIn(page, 'alice', PASSWORD);
    return browser;
  }

  /** What both processes answer to the same browser. */
  function atBoth(clientId: string, call: (browser: Browser) => Promise<Visit>) {
    const browser = browsers.get(clientId) ?? new Browser();
    return Promise.all([one, other].map((web) => call(web.lead(browser, clientId))));
  }

  const orders = (browser: Browser) => browser.call(`${APP}/orders`);
  const refresh = (browser: Browser) => browser.call(`${APP}/auth/refresh`, POST);

  it.each(CLIENTS)('are begun in one and used in the other (%s)', async (clientId) => {
    browsers.set(clientId, await signedIn(clientId));
    const visits = await atBoth(clientId, orders);
    expect(visits.map(({ body }) => JSON.parse(body) as object)).toEqual([
      { username: 'alice' },
      { username: 'alice' },
    ]);
  });

  it.each(CLIENTS)('may begin in one and come back to the other (%s)', async (clientId) => {
    const browser = new Browser();
    const page = await one.lead(browser, clientId).open(`${APP}/orders`);
    const visit = await other.lead(browser, clientId).signIn(page, 'alice', PASSWORD);
    expect([visit.status, visit.url.pathname]).toEqual([200, '/orders']);
  });

  it.each(CLIENTS)('are refreshed in both at the same time, and go on (%s)', async (clientId) => {
    for (let round = 0; round < 3; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one round after the other
      const refreshed = await atBoth(clientId, refresh);
      expect(refreshed.map(({ status }) => status)).toEqual([200, 200]);
      // oxlint-disable-next-line no-await-in-loop
      const visits = await atBoth(clientId, orders);
      expect(visits.map(({ status }) => status)).toEqual([200, 200]);
    }
    const keys = await keysOfSessions();
    // One for each browser that has signed in so far.
    expect(keys).toHaveLength(4);
  });

  it('go on in both when one has used up the refresh token of the other', async () => {
    let release = () => {};
    domain.hold = new Promise((resolve) => (release = resolve));
    const before = domain.refreshes;
    const refreshed = atBoth('rotating', refresh);
    await expect.poll(() => domain.refreshes, { interval: 5 }).toBe(before + 2);
    release();
    domain.hold = undefined;
    expect((await refreshed).map(({ status }) => status)).toEqual([200, 200]);
    const again = await atBoth('rotating', refresh);
    expect(again.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('are unreadable in Redis, and forgotten by it in time', async () => {
    const entries = await entriesOfRedis();
    const sessions = entries.filter(({ key }) => key.includes(':session:'));
    expect(sessions).not.toEqual([]);
    for (const { key, value, ttl } of entries) {
      expect(key + value).not.toMatch(READABLE);
      for (const text of base64TextsIn(value)) expect(text).not.toMatch(READABLE);
      if (key.endsWith(':proof')) continue;
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(30 * 24 * 3600);
    }
  });

  it.each(CLIENTS)('end in both when one signs out (%s)', async (clientId) => {
    const browser = browsers.get(clientId) ?? new Browser();
    const stolen = browser.copy();
    const visit = await other.lead(browser, clientId).navigate(`${APP}/auth/logout`);
    expect([visit.status, [...browser.cookiesOf(APP)]]).toEqual([302, []]);
    for (const web of [one, other]) {
      const thief = web.lead(stolen, clientId);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(refusalOf(await orders(thief))).toEqual(NOBODY);
      // oxlint-disable-next-line no-await-in-loop
      expect(refusalOf(await refresh(thief))).toEqual(NOBODY);
    }
    browsers.set(clientId, await signedIn(clientId));
  });

  it('are not lost while Redis hangs, which is answered with 503', async () => {
    redis.freeze();
    await expectUnavailable();
    redis.thaw();
    await expect.poll(statusesOfOrders, { timeout: 20_000 }).toEqual([200, 200]);
  });

  it('are not lost while Redis is stopped, and go on when it is back', async () => {
    await redis.stop();
    await expectUnavailable();
    await redis.start();
    await expect.poll(statusesOfOrders, { timeout: 20_000 }).toEqual([200, 200]);
    const refreshed = await atBoth('rotating', refresh);
    expect(refreshed.map(({ status }) => status)).toEqual([200, 200]);
  });

  async function expectUnavailable(): Promise<void> {
    const calls = [orders, refresh, session, logout];
    const visits = await Promise.all(calls.map((call) => atBoth('rotating', call)));
    expect(visits.flat().map(answerOf)).toEqual(Array.from({ length: 8 }, () => UNAVAILABLE));
    expect(one.isRunning && other.isRunning).toBe(true);
  }

  const session = (browser: Browser) => browser.call(`${APP}/auth/session`);
  const logout = (browser: Browser) => browser.call(`${APP}/auth/logout`, POST);

  async function statusesOfOrders(): Promise<number[]> {
    return (await atBoth('rotating', orders)).map(({ status }) => status);
  }

  async function entriesOfRedis() {
    const adapter = new KeyvRedis(redis.url);
    const client = (await adapter.getClient()) as unknown as Client;
    const keys = await client.keys('*');
    const entries = keys.map(async (key) => ({
      key,
      value: (await client.get(key)) ?? '',
      ttl: await client.ttl(key),
    }));
    const found = await Promise.all(entries);
    await adapter.disconnect();
    return found;
  }

  async function keysOfSessions(): Promise<string[]> {
    const keys = (await entriesOfRedis()).map(({ key }) => key);
    return keys.filter((key) => key.includes(':session:'));
  }
});

interface Client {
  keys(pattern: string): Promise<string[]>;
  get(key: string): Promise<string | null>;
  ttl(key: string): Promise<number>;
}

function answerOf(visit: Visit) {
  return [...refusalOf(visit), visit.headers.get('retry-after')];
}

/** What the parts of a value say, if they are text in base64. */
function base64TextsIn(value: string): string[] {
  const parts = value.match(/[\w+/=-]{16,}/g) ?? [];
  return parts.map((part) => Buffer.from(part, 'base64url').toString('latin1'));
}
