import { Controller, Get, Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  MemoryRevocationStore,
  OptionalAuth,
  Public,
  TokenUse,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal, CognitoUser, RevocationStore } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { refused } from './refused.js';

@Controller()
class MeController {
  @Get('me')
  @Authenticated()
  me(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('id-tokens')
  @TokenUse('id')
  idTokens() {
    return {};
  }

  @Get('optional')
  @OptionalAuth()
  optional(@CurrentUser('username') username = 'anonymous') {
    return { username };
  }

  @Get('public')
  @Public()
  public() {
    return {};
  }
}

const OK = { status: 200 };
const REVOKED = refused('token_revoked', 'The token was revoked; sign in again');

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }, { username: 'bob' }] });
});

/** A session of its own for each test, so that none sees what another revoked. */
let session: { originJti: string; authTime?: Date };
let sessions = 0;

beforeEach(() => {
  sessions += 1;
  session = { originJti: `session-${sessions}` };
});

describe.each(ADAPTERS)('Revocation on %s', (adapter) => {
  let app: INestApplication;
  let auth: CognitoAuthService;
  let identified: CognitoPrincipal[];

  beforeAll(async () => {
    const resolve = (principal: CognitoPrincipal) => {
      identified.push(principal);
      return principal;
    };
    const identity = { useValue: { resolve } };
    const options = { ...pool.options(), revocation: MemoryRevocationStore, identity };
    const imports = [CognitoAuthModule.forRoot(options)];
    app = await createApp(adapter, { imports, controllers: [MeController] });
    auth = app.get(CognitoAuthService);
  });

  beforeEach(() => {
    identified = [];
  });

  afterAll(() => app.close());

  const revokedError = { name: 'CognitoAuthError', code: 'token_revoked' };

  it('refuses a token from the next request on, though it was remembered', async () => {
    const [token, another] = [
      pool.accessToken('alice', session),
      pool.accessToken('alice', session),
    ];
    expect(await send(app, '/me', token)).toMatchObject(OK);
    expect(await send(app, '/me', token)).toMatchObject(OK);
    const { jti = '' } = await auth.verify(token);
    await auth.revoke({ jti });
    expect(await send(app, '/me', token)).toMatchObject(REVOKED);
    expect(await send(app, '/optional', token)).toMatchObject(REVOKED);
    expect(await send(app, '/me', another)).toMatchObject(OK);
    await expect(auth.verify(token)).rejects.toMatchObject(revokedError);
    expect(await auth.verify(another)).toMatchObject({ username: 'alice' });
  });

  it('refuses every token of a session, of either kind and whenever it was issued', async () => {
    const before = pool.accessToken('alice', session);
    await auth.revoke(session);
    const after = pool.accessToken('alice', session);
    const idToken = pool.idToken('alice', session);
    expect(await send(app, '/me', before)).toMatchObject(REVOKED);
    expect(await send(app, '/me', after)).toMatchObject(REVOKED);
    expect(await send(app, '/id-tokens', idToken)).toMatchObject(REVOKED);
    await expect(auth.verify(idToken, { tokenUse: 'id' })).rejects.toMatchObject(revokedError);
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(OK);
  });

  it('refuses what a user was issued before a moment, and nothing that came after', async () => {
    const now = Math.floor(Date.now() / 1000);
    const issuedAt = (iat: number) => pool.accessToken('bob', { claims: { iat } });
    const { sub } = await auth.verify(pool.accessToken('bob'));
    await auth.revoke({ sub: String(sub), issuedBefore: new Date((now - 10) * 1000) });
    expect(await send(app, '/me', issuedAt(now - 11))).toMatchObject(REVOKED);
    expect(await send(app, '/me', issuedAt(now - 10))).toMatchObject(OK);
    expect(
      await send(app, '/me', pool.accessToken('alice', { claims: { iat: now - 11 } })),
    ).toMatchObject(OK);
  });

  it('forgets a revocation at its end', async () => {
    const token = pool.accessToken('alice', session);
    await auth.revoke(session, new Date(Date.now() - 1));
    expect(await send(app, '/me', token)).toMatchObject(OK);
  });

  it('comes before the identity hook, and after what the route accepts', async () => {
    await auth.revoke(session);
    const idToken = pool.idToken('alice', session);
    expect(await send(app, '/me', idToken)).toMatchObject(refusal('wrong_token_use'));
    expect(await send(app, '/me', pool.accessToken('alice', session))).toMatchObject(REVOKED);
    expect(identified).toEqual([]);
  });

  it('does not concern requests whose token nobody looks at', async () => {
    await auth.revoke(session);
    const token = pool.accessToken('alice', session);
    expect(await send(app, '/public', token)).toMatchObject(OK);
    expect(await send(app, '/optional')).toMatchObject({ body: { username: 'anonymous' } });
  });

  it('asks a store of the application once per request, about the principal', async () => {
    const asked: CognitoPrincipal[] = [];
    @Injectable()
    class ClosedAccounts implements RevocationStore {
      async isRevoked(principal: CognitoPrincipal) {
        asked.push(principal);
        return principal.sub === closed;
      }

      async revoke() {
        throw new Error('not here');
      }
    }
    const imports = [
      CognitoAuthModule.forRoot({
        ...pool.options(),
        revocation: ClosedAccounts,
        protectAll: true,
      }),
    ];
    const own = await startApp(adapter, { imports, controllers: [MeController] });
    const service = own.get(CognitoAuthService);
    const { sub: closed } = (await auth.verify(pool.accessToken('bob'))) as CognitoUser;
    const tokens = [pool.accessToken('alice'), pool.accessToken('bob')] as const;
    for (const token of [...tokens, ...tokens]) await send(own, '/me', token);
    expect(asked).toHaveLength(4);
    expect(await send(own, '/me', tokens[0])).toMatchObject(OK);
    expect(await send(own, '/me', tokens[1])).toMatchObject(REVOKED);
    await expect(service.verify(tokens[1])).rejects.toMatchObject(revokedError);
    await expect(service.revoke({ jti: 'any' })).rejects.toThrow('not here');
  });
});

describe('Revocation without the option', () => {
  it('cannot be had from the service, which says so', async () => {
    const imports = [CognitoAuthModule.forRoot(pool.options())];
    const app = await startApp('express', { imports, controllers: [MeController] });
    await expect(app.get(CognitoAuthService).revoke(session)).rejects.toThrow(
      'CognitoAuthService.revoke() needs the option "revocation", a store',
    );
  });
});
