import { Bench } from 'tinybench';
import { SECONDS } from '../knobs.js';
import { Samples } from '../rounds.js';
import { ROUNDS } from '../knobs.js';
import type { TokenStream } from '../tokens/token-stream.js';
import type { Verify } from '../verifiers/verify.js';

/** A verifier, and the tokens that it is given. */
export interface Task {
  readonly name: string;
  readonly verify: Verify;
  readonly stream: TokenStream;
}

// Clocks are too coarse for one verification of a token that was seen before.
const BATCH = 20;
const MILLISECONDS = SECONDS * 300;

/** Microseconds that each task takes for one token, round by round, after a warm-up. */
export async function timesOf(tasks: readonly Task[]): Promise<Samples> {
  const samples = new Samples();
  await timeOnce(tasks);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, time] of await timeOnce(tasks)) samples.add(name, time);
  }
  return samples;
}

async function timeOnce(tasks: readonly Task[]): Promise<[name: string, microseconds: number][]> {
  const bench = new Bench({ time: MILLISECONDS, iterations: 1, warmup: false, throws: true });
  for (const { name, verify, stream } of tasks) {
    bench.add(name, async () => {
      for (let count = 0; count < BATCH; count += 1) await verify(stream.next());
    });
  }
  await bench.run();
  return bench.tasks.map(({ name, result }) => {
    if (!('latency' in result)) throw new Error(`${name} was not measured`);
    // The mean, not the median, so that what the garbage collector takes is counted.
    return [name, (result.latency.mean * 1000) / BATCH];
  });
}
