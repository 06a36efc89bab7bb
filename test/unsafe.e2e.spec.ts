import { CognitoAuthModule } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from './support/app.js';
import { greetingOf, protectedBy } from './support/me.controller.js';
import { refusal } from './support/refusals.js';

const ALICE = greetingOf('alice');

let pool: LocalUserPool;
let other: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice' }];
  pool = await LocalUserPool.create({ users });
  other = await LocalUserPool.create({ users });
});

describe.each(ADAPTERS)('What is unsafe on %s', (adapter) => {
  /** The warnings of a boot, and the application. */
  async function bootWith(options: CognitoAuthOptions) {
    const warnings: unknown[] = [];
    const nothing = () => undefined;
    const warn = (message: unknown) => warnings.push(message);
    const logger = { log: nothing, error: nothing, debug: nothing, warn };
    const module = CognitoAuthModule.forRoot(options);
    const app = await startApp(adapter, protectedBy(module), { logger });
    return { app, warnings };
  }

  it('is nothing by default', async () => {
    expect((await bootWith(pool.options())).warnings).toEqual([]);
  });

  it('warns at every boot that tokens of every app client are accepted', async () => {
    const { app, warnings } = await bootWith(pool.options({ clientId: null }));
    const token = pool.accessToken('alice', { claims: { client_id: 'somebody-else' } });
    expect(await send(app, '/me', token)).toMatchObject(ALICE);
    expect(warnings).toEqual([
      `Tokens of every app client of the user pool "${pool.userPoolId}" are accepted ("clientId" is null)`,
    ]);
  });

  it('accepts expired tokens, and nothing else that is wrong', async () => {
    const { app, warnings } = await bootWith({
      ...pool.options(),
      unsafe: { ignoreExpiration: true },
    });
    const options = { expiresIn: -3_600 };
    const token = pool.accessToken('alice', options);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the third finds the token remembered
      expect(await send(app, '/me', token)).toMatchObject(ALICE);
    }
    expect(
      await send(app, '/me', pool.forgedToken({ ...options, username: 'alice' })),
    ).toMatchObject(refusal('invalid_signature'));
    expect(warnings).toEqual(['UNSAFE: expired tokens are accepted ("unsafe.ignoreExpiration")']);
  });

  it('accepts any signature, and nothing else that is wrong', async () => {
    const unsafe = { skipVerification: true };
    const { app, warnings } = await bootWith({ ...pool.options(), unsafe });
    expect(await send(app, '/me', pool.forgedToken({ username: 'alice', kid: 'x' }))).toMatchObject(
      ALICE,
    );
    const refused = [
      [pool.forgedToken({ username: 'alice', expiresIn: -10 }), 'token_expired'],
      [pool.forgedToken({ claims: { nbf: 4_102_444_800 } }), 'token_not_active'],
      [other.accessToken('alice'), 'wrong_issuer'],
      [pool.accessToken('alice', { claims: { client_id: 'other' } }), 'wrong_client'],
      [pool.idToken('alice'), 'wrong_token_use'],
      [pool.accessToken('alice', { header: { alg: 'none' } }), 'malformed_token'],
    ] as const;
    for (const [token, code] of refused) {
      // oxlint-disable-next-line no-await-in-loop
      expect(await send(app, '/me', token)).toMatchObject(refusal(code));
    }
    expect(warnings).toEqual([
      'UNSAFE: signatures are not verified, anybody can enter ("unsafe.skipVerification")',
    ]);
  });
});
