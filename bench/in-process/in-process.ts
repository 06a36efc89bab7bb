import { run } from '../processes.js';
import type { Report } from '../report.js';
import { Samples } from '../rounds.js';
import { ratioOf } from '../statistics.js';
import { type BenchPool, type BenchTokens, CACHE_FOR_LONG_KEYS } from '../tokens/bench-pool.js';
import type { VerifiersSetup, VerifierTask } from './verifiers.process.js';

const OURS = 'CognitoAuthService.verify';
const BARE = 'crypto.verify alone, new';

const TASKS: readonly VerifierTask[] = [
  { verifier: 'crypto.verify alone', traffic: 'new' },
  { verifier: OURS, traffic: 'new' },
  { verifier: 'aws-jwt-verify', traffic: 'new' },
  { verifier: 'jose', traffic: 'new' },
  { verifier: 'fast-jwt', traffic: 'new' },
  { verifier: 'passport-jwt + jwks-rsa', traffic: 'new' },
  { verifier: OURS, traffic: 'seen' },
  { verifier: 'aws-jwt-verify', traffic: 'seen' },
  { verifier: 'fast-jwt, cache', traffic: 'seen' },
  { verifier: OURS, traffic: 'mixed' },
  { verifier: 'fast-jwt, cache', traffic: 'mixed' },
];

const LONG_KEY_TASKS: readonly VerifierTask[] = [
  { verifier: 'crypto.verify alone', traffic: 'new' },
  { verifier: OURS, traffic: 'new' },
  { verifier: 'aws-jwt-verify', traffic: 'new' },
  { verifier: 'jose', traffic: 'new' },
];

/** How long verifiers take for one token, as multiples of `crypto.verify`. */
export async function inProcess(pool: BenchPool, report: Report): Promise<void> {
  const times = await timesIn(pool, pool.tokens, { tasks: TASKS });
  report.keep('microseconds a token, 2048 bits', times);
  addMultiples('2048 bits', TASKS, times, report);
  report.add({
    name: `2048 bits: ${OURS}, seen, times faster than aws-jwt-verify`,
    value: ratioOf(times.of('aws-jwt-verify, seen'), times.of(`${OURS}, seen`)),
    unit: 'times',
    target: { atLeast: 20 },
  });

  const ofLongKeys = await timesIn(pool, await pool.ofLongKeys(), {
    tasks: LONG_KEY_TASKS,
    maxEntries: CACHE_FOR_LONG_KEYS,
  });
  report.keep('microseconds a token, 4096 bits', ofLongKeys);
  addMultiples('4096 bits', LONG_KEY_TASKS, ofLongKeys, report);
}

async function timesIn(
  pool: BenchPool,
  tokens: BenchTokens,
  setup: Omit<VerifiersSetup, 'tokens'>,
): Promise<Samples> {
  const file = await pool.write('in-process.json', [JSON.stringify(tokens)]);
  const process = new URL('verifiers.process.js', import.meta.url);
  return Samples.from(await run(process, { tokens: file, ...setup }));
}

function addMultiples(
  keys: string,
  tasks: readonly VerifierTask[],
  times: Samples,
  report: Report,
): void {
  for (const { verifier, traffic } of tasks) {
    const isJudged = verifier === OURS && traffic === 'new' && keys === '2048 bits';
    report.add({
      name: `${keys}: ${verifier}, ${traffic}, time as a multiple of crypto.verify`,
      value: ratioOf(times.of(`${verifier}, ${traffic}`), times.of(BARE)),
      unit: 'times',
      ...(isJudged && { target: { atMost: 1.5 } }),
    });
  }
}
