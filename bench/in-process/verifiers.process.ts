// Times verifiers without Nest's request handling, one after the other.
import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { reply, startArgument } from '../processes.js';
import type { BenchTokens } from '../tokens/bench-pool.js';
import { TokenStream, type Traffic, TRAFFIC } from '../tokens/token-stream.js';
import { awsJwtVerifier } from '../verifiers/aws-jwt-verify.js';
import { bareVerifier } from '../verifiers/bare.js';
import { cognitoAuthVerifier } from '../verifiers/cognito-auth.js';
import { fastJwtVerifier } from '../verifiers/fast-jwt.js';
import { joseVerifier } from '../verifiers/jose.js';
import { textbookVerifier } from '../verifiers/textbook.js';
import type { Verify } from '../verifiers/verify.js';
import { timesOf } from './timing.js';

export interface VerifiersSetup {
  /** A file with tokens as JSON. */
  readonly tokens: string;
  /** Entries of our cache; the default when absent. */
  readonly maxEntries?: number;
  readonly tasks: readonly VerifierTask[];
}

export interface VerifierTask {
  readonly verifier: keyof typeof VERIFIERS;
  readonly traffic: Traffic;
}

const setup = startArgument() as VerifiersSetup;
const tokens = JSON.parse(readFileSync(setup.tokens, 'utf8')) as BenchTokens;

const VERIFIERS = {
  'crypto.verify alone': () => bareVerifier(tokens.setup),
  'aws-jwt-verify': () => awsJwtVerifier(tokens.setup),
  jose: () => joseVerifier(tokens.setup),
  'fast-jwt': () => fastJwtVerifier(tokens.setup, false),
  'fast-jwt, cache': () => fastJwtVerifier(tokens.setup, true),
  'passport-jwt + jwks-rsa': () => textbookVerifier(tokens.setup),
  'CognitoAuthService.verify': () =>
    cognitoAuthVerifier(tokens.setup, { tokenCache: { maxEntries: setup.maxEntries } }),
} satisfies Record<string, () => Verify | Promise<Verify>>;

const tasks = await Promise.all(
  setup.tasks.map(async ({ verifier, traffic }) => ({
    name: `${verifier}, ${traffic}`,
    // One of its own for each kind of traffic, so that none fills the cache of another.
    verify: await checked(verifier),
    stream: new TokenStream(tokens.familiar, tokens.fresh, TRAFFIC[traffic]),
  })),
);
reply(await timesOf(tasks));

async function checked(name: keyof typeof VERIFIERS): Promise<Verify> {
  const verify: Verify = await VERIFIERS[name]();
  await verify(tokens.familiar[0] ?? '');
  if (await accepts(verify, tokens.forged)) throw new Error(`${name} accepts a forged token`);
  return verify;
}

async function accepts(verify: Verify, token: string): Promise<boolean> {
  try {
    await verify(token);
    return true;
  } catch {
    return false;
  }
}
