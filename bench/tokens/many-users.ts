import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { PoolSetup } from './cognito.js';
import { POOL } from './cognito.js';

/** One token of each of many users, and the keys that signed them. */
export interface ManyUsers {
  readonly setup: PoolSetup;
  readonly tokens: readonly string[];
}

/** What one worker has signed. */
export interface Signed {
  readonly tokens: string[];
  readonly keys: PoolSetup['jwks']['keys'];
}

/**
 * Signs on all cores. Each worker makes keys of its own, so the key set has two for each of them:
 * the private key of a local pool does not leave it.
 */
export async function tokensOfManyUsers(count: number): Promise<ManyUsers> {
  const workers = Math.min(4, availableParallelism());
  const signed = await Promise.all(
    Array.from({ length: workers }, (_, index) =>
      signedByWorker(index, Math.ceil(count / workers)),
    ),
  );
  const keys = signed.flatMap((part) => part.keys);
  return {
    setup: { ...POOL, jwksUri: '', jwks: { keys } },
    tokens: signed.flatMap((part) => part.tokens).slice(0, count),
  };
}

async function signedByWorker(index: number, count: number): Promise<Signed> {
  const worker = new Worker(new URL('many-users.worker.js', import.meta.url), {
    workerData: { prefix: `user-${index}`, count },
  });
  const [signed] = (await once(worker, 'message')) as [Signed];
  return signed;
}
