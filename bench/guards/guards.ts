import type { Adapter } from '../http/adapters.js';
import { type LoadSource, sendLoad } from '../http/load.js';
import { checkStatus } from '../http/server.js';
import { ROUNDS, SECONDS } from '../knobs.js';
import { start } from '../processes.js';
import type { Report } from '../report.js';
import { Samples } from '../rounds.js';
import { medianOf } from '../statistics.js';
import type { BenchPool, BenchTokens } from '../tokens/bench-pool.js';
import { TokenStream, type Traffic, TRAFFIC } from '../tokens/token-stream.js';
import type { GuardsSetup } from './guards.process.js';

/** What is worth a line: nobody but us knows a token again. */
const ROWS = {
  new: ['crypto.verify alone', 'CognitoGuard', 'aws-jwt-verify'],
  seen: ['CognitoGuard'],
} satisfies Partial<Record<Traffic, readonly string[]>>;

/**
 * How long guards take on a busy server: all of them in one process and in turns, so that nothing
 * but the guard differs.
 */
export async function guards(pool: BenchPool, report: Report): Promise<void> {
  const file = await pool.write('guards', [...pool.tokens.familiar, ...pool.tokens.fresh]);
  for (const adapter of ['express', 'fastify'] as const) {
    const samples = await measure(adapter, pool.tokens, file);
    report.keep(`microseconds of guards on ${adapter}`, samples);
    for (const [traffic, names] of Object.entries(ROWS)) {
      for (const name of names) {
        const value = medianOf(samples.of(`${name}, ${traffic}`));
        report.add({ name: `${adapter}: ${name}, ${traffic}`, value, unit: 'microseconds' });
      }
    }
  }
}

async function measure(adapter: Adapter, tokens: BenchTokens, file: string): Promise<Samples> {
  const setup: GuardsSetup = { adapter, pool: tokens.setup };
  const server = await start<string>(new URL('guards.process.js', import.meta.url), setup);
  try {
    await checkAdmission(`${server.answer}/orders`, tokens);
    return await measureTraffic(server.answer, tokens, file);
  } finally {
    await server.stop();
  }
}

async function checkAdmission(url: string, { familiar, forged }: BenchTokens): Promise<void> {
  for (const [token, status] of [[familiar[0], 200] as const, [forged, 401] as const]) {
    // One turn for each guard.
    for (const name of ROWS.new) await checkStatus(url, name, token, status);
  }
}

async function measureTraffic(url: string, { familiar, fresh }: BenchTokens, file: string) {
  const samples = new Samples();
  const lanes = (['new', 'seen'] as const).map((traffic) => ({
    traffic,
    source: { file, stream: new TokenStream(familiar, fresh, TRAFFIC[traffic]) },
  }));
  for (const { source } of lanes) await timesUnder(url, source);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { traffic, source } of lanes) {
      const times = await timesUnder(url, source);
      for (const name of ROWS[traffic]) samples.add(`${name}, ${traffic}`, timeOf(name, times));
    }
  }
  return samples;
}

type Times = Readonly<Record<string, number | null>>;

/** JSON has `null` for the time of a guard that had no turn. */
function timeOf(name: string, times: Times): number {
  const time = times[name];
  if (typeof time === 'number') return time;
  throw new Error(`${name} had no turn`);
}

async function timesUnder(url: string, source: LoadSource): Promise<Times> {
  const { refused } = await sendLoad(`${url}/orders`, source, SECONDS);
  if (refused > 0) throw new Error('A guard refuses good tokens under load');
  const response = await fetch(`${url}/times`);
  return (await response.json()) as Times;
}
