import { randomBytes } from 'node:crypto';
import { type LoadSource, sendLoad } from '../http/load.js';
import { type Server, startServer } from '../http/server.js';
import { SECONDS } from '../knobs.js';
import type { Report } from '../report.js';
import { measureInRounds, type Samples } from '../rounds.js';
import { ratioOf } from '../statistics.js';
import type { BenchPool } from '../tokens/bench-pool.js';
import { TokenStream } from '../tokens/token-stream.js';

/** What is sent beside the valid traffic; nothing, when it is alone. */
interface Flood {
  readonly name: string;
  readonly source?: LoadSource;
  readonly isRefused?: boolean;
  /** Which share of their rate beside other valid tokens valid ones have to keep. */
  readonly target?: { readonly atLeast: number };
}

const KINDS = 500;

const TARGET = { atLeast: 0.7 };

/**
 * What is left of valid traffic while as many connections send something else.
 *
 * A full server that treats both alike gives half of its answers to each, whatever is sent. So the
 * share that counts is that of the rate which the same connections have beside as many valid ones.
 */
export async function flood(pool: BenchPool, report: Report): Promise<void> {
  const valid = await sourceOf(pool, 'valid', pool.tokens.familiar);
  const floods = await floodsOf(pool);
  const server = await startServer('fastify', 'CognitoGuard', pool.tokens);
  try {
    const measure = (other: Flood) => rateBeside(other, valid, server);
    for (const other of floods) await measure(other);
    const samples = await measureInRounds(floods, measure);
    report.keep('valid requests a second beside a flood', samples);
    addResults(floods, samples, report);
  } finally {
    await server.stop();
  }
}

async function floodsOf(pool: BenchPool): Promise<Flood[]> {
  const { familiar, fresh } = pool.tokens;
  const signed = fresh.slice(0, KINDS);
  return [
    { name: 'alone' },
    { name: 'valid', source: await sourceOf(pool, 'other valid', familiar) },
    ...(await Promise.all([
      refused(pool, 'garbage', Array.from({ length: KINDS }, garbage), TARGET),
      refused(pool, 'unknown kid', signed.map(ofUnknownKey), TARGET),
      // Without a target: it has to be verified before it is refused.
      refused(pool, 'forged signature', signed.map(forged)),
    ])),
  ];
}

async function refused(
  pool: BenchPool,
  name: string,
  tokens: string[],
  target?: Flood['target'],
): Promise<Flood> {
  return { name, source: await sourceOf(pool, name, tokens), isRefused: true, target };
}

async function sourceOf(pool: BenchPool, name: string, tokens: readonly string[]) {
  return { stream: new TokenStream(tokens), file: await pool.write(name, tokens) };
}

async function rateBeside(
  { name, source, isRefused = false }: Flood,
  valid: LoadSource,
  { answer: { url } }: Server,
): Promise<number> {
  const [good, other] = await Promise.all([
    sendLoad(url, valid, SECONDS),
    source && sendLoad(url, source, SECONDS),
  ]);
  if (good.refused > 0) throw new Error(`Good tokens are refused beside ${name}`);
  if (other && other.refused !== (isRefused ? 1 : 0)) throw new Error(`${name}: wrong answers`);
  return good.rate;
}

function addResults(floods: readonly Flood[], samples: Samples, report: Report): void {
  for (const { name, isRefused, target } of floods) {
    if (!isRefused) continue;
    report.add({
      name: `seen tokens beside as many of ${name}, of their rate beside as many valid ones`,
      value: ratioOf(samples.of(name), samples.of('valid')),
      unit: 'share',
      target,
    });
  }
  for (const { name } of floods) {
    if (name === 'alone') continue;
    report.add({
      name: `seen tokens beside as many of ${name}, of their rate alone`,
      value: ratioOf(samples.of(name), samples.of('alone')),
      unit: 'share',
    });
  }
}

// Of the size of an ordinary token.
function garbage(): string {
  return [60, 460, 256].map((size) => randomBytes(size).toString('base64url')).join('.');
}

// Nobody who invents them needs a key to sign them.
function ofUnknownKey(token: string): string {
  const [, payload, signature] = token.split('.');
  const header = JSON.stringify({ kid: randomBytes(32).toString('base64'), alg: 'RS256' });
  return [Buffer.from(header).toString('base64url'), payload, signature].join('.');
}

function forged(token: string): string {
  const [header, payload] = token.split('.');
  // The first bits are zero, so that the number is smaller than any modulus.
  const signature = Buffer.concat([Buffer.alloc(1), randomBytes(255)]);
  return [header, payload, signature.toString('base64url')].join('.');
}
