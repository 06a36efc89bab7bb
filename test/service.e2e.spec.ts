import { Controller, Get, Scope } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import {
  CognitoAuthError,
  CognitoAuthModule,
  CognitoAuthService,
  CognitoGuard,
  Groups,
  MemoryRevocationStore,
  Principal,
  Public,
} from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { refusal } from './support/refusals.js';

const seen: CognitoPrincipal[] = [];

@Controller()
class OrdersController {
  @Get('orders')
  @Groups('admin')
  orders(@Principal() principal: CognitoPrincipal) {
    seen.push(principal);
    return {};
  }

  @Get('status')
  @Public()
  status() {
    return {};
  }

  @Get('bare')
  bare() {
    return {};
  }
}

let pool: LocalUserPool;
let stranger: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }];
  pool = await LocalUserPool.create({ users });
  stranger = await LocalUserPool.create({ users });
});

describe.each(ADAPTERS)('CognitoAuthService.verify() in an app on %s', (adapter) => {
  let app: INestApplication;
  let service: CognitoAuthService;

  beforeAll(async () => {
    app = await createApp(adapter, {
      imports: [CognitoAuthModule.forRoot(pool.options())],
      controllers: [OrdersController],
    });
    service = app.get(CognitoAuthService);
  });

  afterAll(() => app.close());

  it('tells who a token speaks for', async () => {
    expect(await service.verify(pool.accessToken('alice'))).toMatchObject({
      kind: 'user',
      username: 'alice',
      groups: ['admin'],
    });
    expect(await service.verify(pool.clientToken())).toMatchObject({ kind: 'client' });
  });

  it('gives a principal whose copy is free, for loggers that redact in place', async () => {
    const principal = await service.verify(pool.accessToken('alice'));
    const copy = structuredClone({ ...principal });
    expect(copy).toEqual({ ...principal });
    Object.assign(copy, { clientId: '[Redacted]' });
    Object.assign(copy.claims, { sub: '[Redacted]' });
    expect(copy).toMatchObject({ clientId: '[Redacted]', claims: { sub: '[Redacted]' } });
    expect(JSON.stringify(principal)).not.toContain('[Redacted]');
  });

  it('gives the principal that the guard found for the same token', async () => {
    const token = pool.accessToken('alice');
    expect(await send(app, '/orders', token)).toMatchObject({ status: 200 });
    expect(await service.verify(token)).toEqual(seen.at(-1));
    // By now the token is remembered.
    expect(await send(app, '/orders', token)).toMatchObject({ status: 200 });
    expect(await service.verify(token)).toBe(seen.at(-1));
  });

  const refused: [CognitoAuthErrorCode, number, () => string][] = [
    ['missing_token', 401, () => ''],
    ['missing_token', 401, () => undefined as never],
    ['missing_token', 401, () => ['a.b.c'] as never],
    ['malformed_token', 401, () => 'a.b.c'],
    ['malformed_token', 401, () => `Bearer ${pool.accessToken('alice')}`],
    ['malformed_token', 401, () => 'x'.repeat(1_000_000)],
    ['invalid_signature', 401, () => pool.forgedToken()],
    ['wrong_issuer', 401, () => stranger.accessToken('alice')],
    ['token_expired', 401, () => pool.accessToken('alice', { expiresIn: -1 })],
    ['wrong_token_use', 401, () => pool.idToken('alice')],
  ];

  it.each(refused)('rejects with %s and status %i', async (code, status, tokenOf) => {
    const error: unknown = await service.verify(tokenOf()).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CognitoAuthError);
    expect(error).toMatchObject({ code, status });
  });

  it.each(['Bearer ', 'bearer ', ' BEARER\t'])(
    'says what is wrong with %j in front of a token, and shows no token',
    async (prefix) => {
      const token = pool.accessToken('alice');
      const error = await service.verify(`${prefix}${token}`).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'malformed_token',
        message: 'The token has "Bearer" in front of it; give it without "Bearer"',
      });
      for (const part of token.split('.')) expect(JSON.stringify(error)).not.toContain(part);
    },
  );

  it.each(['JWT ', ' Token  '])('says that the scheme %j does not belong there', async (prefix) => {
    const token = `${prefix}${pool.accessToken('alice')}`;
    const error = await service.verify(token).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'malformed_token',
      status: 401,
      message: 'The token has a scheme such as "JWT" in front of it; give it without one',
    });
  });

  it('asks for what the rules of a route would ask for', async () => {
    const alice = pool.accessToken('alice', { scopes: ['openid'] });
    const rules = { groups: { any: ['admin'] }, scopes: { all: ['openid'] } };
    expect(await service.verify(alice, rules)).toMatchObject({ username: 'alice' });
    expect(await service.verify(pool.idToken('alice'), { tokenUse: ['id'] })).toMatchObject({
      tokenUse: 'id',
    });
    await expect(service.verify(alice, { groups: { any: ['x'] } })).rejects.toMatchObject({
      code: 'insufficient_group',
    });
    await expect(service.verify(alice, { scopes: { all: ['x'] } })).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
    await expect(service.verify(alice, { principal: 'client' })).rejects.toMatchObject({
      code: 'wrong_principal',
    });
    await expect(service.verify(alice, { tokenUse: ['id'] })).rejects.toMatchObject({
      code: 'wrong_token_use',
    });
  });
});

describe('CognitoAuthService without a server', () => {
  it('verifies tokens in a script', async () => {
    const module = CognitoAuthModule.forRoot(pool.options());
    const context = await NestFactory.createApplicationContext(module, { logger: false });
    onTestFinished(() => context.close());
    const service = context.get(CognitoAuthService);
    expect(await service.verify(pool.accessToken('alice'))).toMatchObject({ username: 'alice' });
    await expect(service.verify(pool.forgedToken())).rejects.toMatchObject({
      code: 'invalid_signature',
    });
  });
});

describe.each(ADAPTERS)('What CognitoAuthService knows of an app on %s', (adapter) => {
  const { prototype } = OrdersController;
  const rulesIn = (app: INestApplication, name: keyof OrdersController) =>
    app.get(CognitoAuthService).rulesOf(OrdersController, prototype[name]);

  it('are the rules of the routes that the guard runs for', async () => {
    const imports = [CognitoAuthModule.forRoot(pool.options())];
    const app = await startApp(adapter, { imports, controllers: [OrdersController] });
    expect(rulesIn(app, 'orders')).toEqual({ mode: 'required', groups: { any: ['admin'] } });
    expect(rulesIn(app, 'status')).toEqual({ mode: 'public' });
    expect(rulesIn(app, 'bare')).toBeUndefined();
  });

  it('are the rules of all routes with protectAll', async () => {
    const imports = [CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true })];
    const app = await startApp(adapter, { imports, controllers: [OrdersController] });
    expect(rulesIn(app, 'status')).toEqual({ mode: 'public' });
    expect(rulesIn(app, 'bare')).toEqual({ mode: 'required' });
  });

  it('are the rules of all routes with app.useGlobalGuards()', async () => {
    const imports = [CognitoAuthModule.forRoot(pool.options())];
    const app = await startApp(
      adapter,
      { imports, controllers: [OrdersController] },
      { configure: (created) => created.useGlobalGuards(created.get(CognitoGuard)) },
    );
    expect(rulesIn(app, 'bare')).toEqual({ mode: 'required' });
  });

  it.each([Scope.DEFAULT, Scope.REQUEST])(
    'are the rules of all routes with the guard as APP_GUARD, of scope %i',
    async (scope) => {
      const app = await startApp(adapter, {
        imports: [CognitoAuthModule.forRoot(pool.options())],
        controllers: [OrdersController],
        providers: [{ provide: APP_GUARD, useClass: CognitoGuard, scope }],
      });
      expect(rulesIn(app, 'bare')).toEqual({ mode: 'required' });
      expect(await send(app, '/bare')).toMatchObject(refusal('missing_token'));
      expect(await send(app, '/bare', pool.accessToken('alice'))).toMatchObject({ status: 200 });
    },
  );

  it('are the kinds of token that the user pools accept, each once', async () => {
    const userPools = [
      pool.options({ tokenUse: ['access'] as const }),
      stranger.options({ tokenUse: ['access', 'id'] as const }),
    ];
    const app = await startApp(adapter, { imports: [CognitoAuthModule.forRoot({ userPools })] });
    expect(app.get(CognitoAuthService).defaultTokenUse).toEqual(['access', 'id']);
  });
});

describe('CognitoAuthService', () => {
  it('names the issuers of the user pools that accept an app client', async () => {
    const app = await startApp('express', {
      imports: [CognitoAuthModule.forRoot({ userPools: [pool.options(), stranger.options()] })],
    });
    const service = app.get(CognitoAuthService);
    expect(service.issuersOf(String(pool.options().clientId[0]))).toEqual([pool.issuer]);
    expect(service.issuersOf('unknown')).toEqual([]);
  });

  it('names its realm, and whether it can revoke', async () => {
    const revocation = { useValue: new MemoryRevocationStore() };
    const options = { ...pool.options(), realm: 'orders', revocation };
    const [one, other] = await Promise.all([
      startApp('express', { imports: [CognitoAuthModule.forRoot(options)] }),
      startApp('express', { imports: [CognitoAuthModule.forRoot(pool.options())] }),
    ]);
    const facts = [one, other].map((app) => app.get(CognitoAuthService));
    expect(facts.map(({ realm }) => realm)).toEqual(['orders', 'api']);
    expect(facts.map(({ canRevoke }) => canRevoke)).toEqual([true, false]);
  });
});
