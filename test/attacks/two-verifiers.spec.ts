import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import passport from 'passport';
import { CognitoAuthError, CognitoAuthModule, CognitoAuthService } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Attack } from './attack.js';
import { AttackKit } from './attack-kit.js';
import { tokens } from './tables/index.js';
import { timesBetweenSeconds } from './tables/times.js';

// The guard verifies signatures and times by itself, the strategy has passport-jwt and jsonwebtoken
// do it: two verifiers that know nothing of each other.

/** Who a token speaks for, or the code of its refusal. */
type Verdict = { principal: object } | { code: string };

let kit: AttackKit;
const applications = new Map<string, INestApplicationContext>();

beforeAll(async () => {
  kit = await AttackKit.create();
});

afterAll(async () => {
  vi.useRealTimers();
  await Promise.all([...applications.values()].map((application) => application.close()));
  await kit.close();
});

async function serviceWith(options: CognitoAuthOptions = {}): Promise<CognitoAuthService> {
  const key = JSON.stringify(options);
  let application = applications.get(key);
  if (!application) {
    const module = CognitoAuthModule.forRoot({
      ...kit.options('required'),
      tokenFrom: ({ token }: { token: string }) => token,
      tokenCache: false,
      ...options,
    });
    application = await NestFactory.createApplicationContext(module, { logger: false });
    applications.set(key, application);
  }
  return application.get(CognitoAuthService);
}

async function verdictOfGuard(service: CognitoAuthService, token: string): Promise<Verdict> {
  try {
    return { principal: { ...(await service.verify(token)) } };
  } catch (error) {
    return refusalIn(error);
  }
}

function verdictOfPassport({ strategyName }: CognitoAuthService, token: string): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const decide = (error: unknown, user: object | false, info: unknown) =>
      resolve(user ? { principal: { ...user } } : refusalIn(error ?? info));
    const authenticate = passport.authenticate(strategyName, { session: false }, decide) as (
      ...args: unknown[]
    ) => void;
    authenticate({ token }, {}, reject);
  });
}

function refusalIn(error: unknown): Verdict {
  if (error instanceof CognitoAuthError) return { code: error.code };
  throw error;
}

/** The verdicts of both on a token, with the id of its attack. */
async function verdictsOn({ id, make, options }: Attack) {
  const token = make(kit) as string;
  const service = await serviceWith(options);
  const guard = await verdictOfGuard(service, token);
  return {
    guard: { id, ...guard },
    passport: { id, ...(await verdictOfPassport(service, token)) },
  };
}

describe.each([
  ['2026-11-20T12:00:00.000Z', tokens.flat().filter((one) => !timesBetweenSeconds.includes(one))],
  ['2026-11-20T12:00:00.900Z', timesBetweenSeconds],
])('The strategy for Passport at %s', (now, attacks) => {
  it('gives the verdict of the guard on every token of the attacks', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
    const verdicts = [];
    // oxlint-disable-next-line no-await-in-loop -- to sign them all at once would stop the clock of a fetch
    for (const attack of attacks) verdicts.push(await verdictsOn(attack));
    expect(verdicts.map(({ passport: verdict }) => verdict)).toEqual(
      verdicts.map(({ guard }) => guard),
    );
    const accepted = verdicts.filter(({ guard }) => 'principal' in guard);
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.length).toBeLessThan(attacks.length);
  });
});
