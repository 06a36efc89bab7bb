import { randomUUID } from 'node:crypto';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { Adapter } from '../http/adapters.js';
import { type Load, type LoadSource, sendLoad } from '../http/load.js';
import { ROUNDS, SECONDS } from '../knobs.js';
import { type Started, start } from '../processes.js';
import type { Report, Result } from '../report.js';
import { Samples } from '../rounds.js';
import { medianOf, ratioOf } from '../statistics.js';
import type { BenchPool } from '../tokens/bench-pool.js';
import { POOL, SCOPES, USER } from '../tokens/cognito.js';
import { TokenStream } from '../tokens/token-stream.js';
import type { Redis, SessionsGuard, SessionsSetup } from './sessions.process.js';
import { signIn } from './sign-in.js';

const ROWS = {
  'bearer token': 'cookies',
  'session in cookies': 'cookies',
  'bare Redis GET': 'bare Redis GET',
  'session in Redis': 'store',
} as const satisfies Record<string, SessionsGuard>;

type RowName = keyof typeof ROWS;

/** The least share of a bearer token's throughput that a session in cookies keeps. */
const TARGETS = { express: 0.7, fastify: 0.5 } as const;

/** The longest time of a request with a session in Redis, as a multiple of one with a bare `GET`. */
const STORE_TARGET = 1.3;

const SESSIONS = 50;
const PASSWORD = 'Correct-horse-7';
const REDIRECT_URI = 'https://app.example.com/auth/callback';

/** The cost of finding the session of a browser that was seen before. */
export async function sessions(pool: BenchPool, report: Report): Promise<void> {
  const userPool = await createPool();
  const server = await userPool.listen();
  const namespace = `bench-${randomUUID()}`;
  const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
  const store = new Keyv(new KeyvRedis(url, { namespace }), { namespace });
  try {
    for (const adapter of ['express', 'fastify'] as const) {
      const { userPoolId, clientId, issuer } = POOL;
      const setup = {
        adapter,
        pool: { userPoolId, clientId, issuer, jwksUri: server.jwksUri, jwks: userPool.jwks() },
        domain: server.domain,
        redirectUri: REDIRECT_URI,
        redis: { url, namespace, bareKey: `${namespace}-bare` },
      };
      const { rates, cpu } = await measure(setup, userPool, pool);
      report.keep(`requests a second with sessions on ${adapter}`, rates);
      report.keep(`CPU microseconds a request with sessions on ${adapter}`, cpu);
      report.add(...resultsOf(adapter, rates, cpu));
    }
  } finally {
    await store.clear();
    await store.disconnect();
    await server.close();
  }
}

function createPool(): Promise<LocalUserPool> {
  const { clientId, ...pool } = POOL;
  const urls = { callbackUrls: [REDIRECT_URI], logoutUrls: [new URL('/', REDIRECT_URI).href] };
  return LocalUserPool.create({
    ...pool,
    clients: [{ clientId, ...urls }],
    users: [{ ...USER, password: PASSWORD }],
  });
}

interface Lane {
  readonly name: RowName;
  readonly server: Started<string>;
  readonly source: LoadSource;
}

async function measure(
  setup: Omit<SessionsSetup, 'guard'>,
  userPool: LocalUserPool,
  pool: BenchPool,
): Promise<{ rates: Samples; cpu: Samples }> {
  const lanes: Lane[] = [];
  const [rates, cpu] = [new Samples(), new Samples()];
  try {
    await putBareEntry(setup.redis);
    for (const [name, guard] of Object.entries(ROWS) as [RowName, SessionsGuard][]) {
      lanes.push(await startLane(name, { ...setup, guard }, userPool, pool));
    }
    for (const { server, source } of lanes) await loadOn(server, source, 3 * SECONDS);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { name, server, source } of lanes) {
        const { rate, cpuTime } = await loadOn(server, source, SECONDS);
        rates.add(name, rate);
        cpu.add(name, cpuTime);
      }
    }
    return { rates, cpu };
  } finally {
    await Promise.all(lanes.map(({ server }) => server.stop()));
  }
}

/** As long as a session is. */
async function putBareEntry({ url, namespace, bareKey }: Redis): Promise<void> {
  const adapter = new KeyvRedis(url, { namespace });
  const client = await adapter.getClient();
  await client.set(bareKey, 'x'.repeat(5_000), { EX: 3_600 });
  await adapter.disconnect();
}

async function startLane(
  name: RowName,
  setup: SessionsSetup,
  userPool: LocalUserPool,
  pool: BenchPool,
): Promise<Lane> {
  const server = await start<string>(new URL('sessions.process.js', import.meta.url), setup);
  const isBearer = name === 'bearer token';
  const values: string[] = [];
  for (let count = 0; count < SESSIONS; count += 1) {
    values.push(
      isBearer
        ? userPool.accessToken(USER.username, { scopes: SCOPES })
        : await signIn(server.answer, USER.username, PASSWORD),
    );
  }
  await checkAdmission(name, server.answer, values[0] ?? '', isBearer);
  const file = await pool.write(`${name} ${setup.adapter}`, values);
  const header = isBearer ? undefined : 'Cookie';
  return { name, server, source: { file, stream: new TokenStream(values), header } };
}

async function checkAdmission(
  name: RowName,
  url: string,
  value: string,
  isBearer: boolean,
): Promise<void> {
  const headersWith = (sent: string): Record<string, string> =>
    isBearer ? { authorization: `Bearer ${sent}` } : { cookie: sent };
  const [good, bad] = [headersWith(value), headersWith(`${value}x`)];
  const isKnown = name !== 'bare Redis GET';
  // Twice: what is remembered has to be right, too.
  for (const [headers, right] of [
    [good, 200],
    [good, 200],
    [bad, isKnown ? 401 : 200],
  ] as const) {
    const { status } = await fetch(`${url}/orders`, { headers });
    if (status !== right) throw new Error(`${name} answers ${status} where ${right} is right`);
  }
}

/** @returns with the microseconds of CPU that the server spent on a request */
async function loadOn(
  { answer: url }: Started<string>,
  source: LoadSource,
  seconds: number,
): Promise<Load & { cpuTime: number }> {
  const before = await cpuOf(url);
  const load = await sendLoad(`${url}/orders`, source, seconds);
  if (load.refused > 0) throw new Error('A guard refuses good sessions under load');
  return { ...load, cpuTime: ((await cpuOf(url)) - before) / load.requests };
}

async function cpuOf(url: string): Promise<number> {
  const response = await fetch(`${url}/cpu`);
  const { user, system } = (await response.json()) as NodeJS.CpuUsage;
  return user + system;
}

function resultsOf(adapter: Adapter, rates: Samples, cpu: Samples): Result[] {
  const names = Object.keys(ROWS) as RowName[];
  const ofRates = (name: RowName, other: RowName) => ratioOf(rates.of(name), rates.of(other));
  return [
    ...names.map((name): Result => ({
      name: `${adapter}: ${name}, CPU time of a request`,
      value: medianOf(cpu.of(name)),
      unit: 'microseconds',
    })),
    {
      name: `${adapter}: session in cookies, of the route with a bearer token`,
      value: ofRates('session in cookies', 'bearer token'),
      unit: 'share',
      target: { atLeast: TARGETS[adapter] },
    },
    {
      name: `${adapter}: session in Redis, of the route with a bearer token`,
      value: ofRates('session in Redis', 'bearer token'),
      unit: 'share',
    },
    {
      name: `${adapter}: session in Redis, time as a multiple of one bare GET`,
      value: ofRates('bare Redis GET', 'session in Redis'),
      unit: 'times',
      target: { atMost: STORE_TARGET },
    },
  ];
}
