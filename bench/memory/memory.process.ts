// Verifies tokens of many users, and says how much memory is in use afterwards.
import 'reflect-metadata';
import { openSync, readSync } from 'node:fs';
import { reply, startArgument } from '../processes.js';
import type { PoolSetup } from '../tokens/cognito.js';
import { cognitoAuthVerifier } from '../verifiers/cognito-auth.js';

export interface MemorySetup {
  readonly pool: PoolSetup;
  /** A file with tokens, each in a line of so many bytes, with spaces at its end. */
  readonly file: string;
  readonly width: number;
  readonly count: number;
  readonly tokenCache: { readonly maxEntries: number } | false;
}

const { pool, file, width, count, tokenCache } = startArgument() as MemorySetup;
const descriptor = openSync(file, 'r');
const verify = await cognitoAuthVerifier(pool, { tokenCache });
// Remembered when they come back.
for (let time = 0; time < 2; time += 1) {
  for (let index = 0; index < count; index += 1) await verify(tokenAt(index));
}

for (let time = 0; time < 3; time += 1) globalThis.gc?.();
const { heapUsed, external } = process.memoryUsage();
// Used after the measurement, or it would be garbage by then, with all that it remembers.
await verify(tokenAt(0));
reply(heapUsed + external);

// Read one by one: a token that lives on then does so because of the cache, and is counted.
function tokenAt(index: number): string {
  const line = Buffer.alloc(width);
  readSync(descriptor, line, 0, width, index * width);
  return line.toString('latin1', 0, line.indexOf(' '));
}
