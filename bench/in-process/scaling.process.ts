// Times our verification of tokens of many users, with caches that hold all of them, or some.
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { reply, startArgument } from '../processes.js';
import type { ManyUsers } from '../tokens/many-users.js';
import { TokenStream } from '../tokens/token-stream.js';
import { cognitoAuthVerifier } from '../verifiers/cognito-auth.js';
import { type Task, timesOf } from './timing.js';

export interface ScalingSetup {
  /** A file with many users as JSON. */
  readonly tokens: string;
  readonly steps: readonly ScalingStep[];
}

export interface ScalingStep {
  readonly name: string;
  readonly users: number;
  readonly maxEntries: number;
}

const REQUESTS = 200_000;

const { tokens: file, steps } = startArgument() as ScalingSetup;
const many = JSON.parse(readFileSync(file, 'utf8')) as ManyUsers;

const tasks: Task[] = [];
for (const step of steps) tasks.push(await taskOf(step));
reply(await timesOf(tasks));

async function taskOf({ name, users, maxEntries }: ScalingStep): Promise<Task> {
  const verify = await cognitoAuthVerifier(many.setup, { tokenCache: { maxEntries } });
  const ofUsers = many.tokens.slice(0, users);
  // Remembered when they come back.
  for (const token of [...ofUsers, ...ofUsers]) await verify(token);
  return { name, verify, stream: new TokenStream(requestsOf(ofUsers)) };
}

/** Requests in an order without a pattern, the same on every run. */
function requestsOf(tokens: readonly string[]): string[] {
  let state = 1;
  return Array.from({ length: REQUESTS }, () => {
    // Numerical Recipes' linear congruential generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return tokens[Math.floor((state / 2 ** 32) * tokens.length)] ?? '';
  });
}
