import { SECONDS } from '../knobs.js';
import type { Report, Result } from '../report.js';
import { measureInRounds, type Samples } from '../rounds.js';
import { ratioOf } from '../statistics.js';
import type { BenchPool } from '../tokens/bench-pool.js';
import { TokenStream, type Traffic, TRAFFIC } from '../tokens/token-stream.js';
import type { Adapter } from './adapters.js';
import { type LoadSource, sendLoad } from './load.js';
import type { RouteName } from './routes.js';
import { type Server, startServer } from './server.js';

/** One guard under one kind of traffic. */
interface Row {
  readonly route: RouteName;
  readonly traffic: Traffic;
}

// What is compared comes one after the other: the machine may be slower a few seconds later.
const ROWS_OF_BOTH: readonly Row[] = [
  { route: 'guard that returns true', traffic: 'new' },
  { route: 'Passport alone', traffic: 'new' },
  { route: 'unguarded', traffic: 'new' },
  { route: 'CognitoGuard', traffic: 'seen' },
  { route: 'crypto.verify alone', traffic: 'new' },
  { route: 'CognitoGuard', traffic: 'new' },
  { route: 'aws-jwt-verify', traffic: 'new' },
  { route: 'passport-jwt + jwks-rsa', traffic: 'new' },
];

// All would take longer than five minutes. Fastify takes less time itself, so guards differ more.
const ROWS_OF_FASTIFY: readonly Row[] = [
  { route: 'CognitoGuard', traffic: 'mixed' },
  { route: 'CognitoGuard, 1 rule', traffic: 'seen' },
  { route: 'CognitoGuard, 3 rules', traffic: 'seen' },
  { route: 'jose', traffic: 'new' },
  { route: 'fast-jwt', traffic: 'new' },
  { route: 'fast-jwt, cache', traffic: 'seen' },
  { route: 'fast-jwt, cache', traffic: 'mixed' },
];

const ADAPTERS = {
  express: { rows: ROWS_OF_BOTH, seenTarget: 0.92 },
  fastify: { rows: [...ROWS_OF_BOTH, ...ROWS_OF_FASTIFY], seenTarget: 0.75 },
} as const;

/** What each guard leaves of the throughput of the same route without one, on both adapters. */
export async function http(pool: BenchPool, report: Report): Promise<void> {
  const file = await pool.write('tokens', [...pool.tokens.familiar, ...pool.tokens.fresh]);
  for (const adapter of ['express', 'fastify'] as const) {
    const samples = await measure(adapter, pool, file);
    report.keep(`requests a second on ${adapter}`, samples);
    report.add(...resultsOf(adapter, samples));
  }
}

async function measure(adapter: Adapter, pool: BenchPool, file: string): Promise<Samples> {
  const lanes: Lane[] = [];
  try {
    // A process for each, so that none runs code that was optimized, or not, for another.
    for (const row of ADAPTERS[adapter].rows) lanes.push(await startLane(adapter, row, pool, file));
    for (const lane of lanes) await warmUp(lane);
    return await measureInRounds(lanes, rateOf);
  } finally {
    await Promise.all(lanes.map(({ server }) => server.stop()));
  }
}

interface Lane {
  readonly name: string;
  readonly server: Server;
  readonly source: LoadSource;
}

async function startLane(
  adapter: Adapter,
  { route, traffic }: Row,
  { tokens }: BenchPool,
  file: string,
): Promise<Lane> {
  const server = await startServer(adapter, route, tokens);
  const stream = new TokenStream(tokens.familiar, tokens.fresh, TRAFFIC[traffic]);
  return { name: nameOf({ route, traffic }), server, source: { stream, file } };
}

// V8 goes on optimizing a slow route for seconds.
async function warmUp({ server, source }: Lane): Promise<void> {
  await sendLoad(server.answer.url, source, 3 * SECONDS);
}

async function rateOf({ name, server, source }: Lane): Promise<number> {
  const { rate, refused } = await sendLoad(server.answer.url, source, SECONDS);
  if (refused > 0) throw new Error(`${name} refuses good tokens under load`);
  return rate;
}

function resultsOf(adapter: Adapter, samples: Samples): Result[] {
  const ratio = (row: Row, other: Row) =>
    ratioOf(samples.of(nameOf(row)), samples.of(nameOf(other)));
  const { rows, seenTarget } = ADAPTERS[adapter];
  const ours: Row = { route: 'CognitoGuard', traffic: 'new' };
  return [
    ...rows.map((row): Result => ({
      name: `${adapter}: ${nameOf(row)}, of the unguarded route`,
      value: ratio(row, { route: 'unguarded', traffic: 'new' }),
      unit: 'share',
      target: isJudged(row) ? { atLeast: seenTarget } : undefined,
    })),
    {
      name: `${adapter}: CognitoGuard, new, of the guard with crypto.verify alone`,
      value: ratio(ours, { route: 'crypto.verify alone', traffic: 'new' }),
      unit: 'share',
      target: { atLeast: 0.85 },
    },
    {
      name: `${adapter}: CognitoGuard, new, to the guard over aws-jwt-verify`,
      value: ratio(ours, { route: 'aws-jwt-verify', traffic: 'new' }),
      unit: 'times',
      target: { atLeast: 1 },
    },
  ];
}

function isJudged({ route, traffic }: Row): boolean {
  return route === 'CognitoGuard' && traffic === 'seen';
}

function nameOf({ route, traffic }: Row): string {
  return `${route}, ${traffic}`;
}
