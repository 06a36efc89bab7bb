import { Controller, Get, Inject, Injectable, Module, Req, UseGuards } from '@nestjs/common';
import type {
  CanActivate,
  ExecutionContext,
  INestApplication,
  MiddlewareConsumer,
  NestModule,
} from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import passport from 'passport';
import {
  Claims,
  CognitoAuthError,
  CognitoAuthModule,
  CognitoAuthService,
  CognitoGuard,
  CurrentUser,
  MemoryRevocationStore,
  Principal,
  RawToken,
} from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoPrincipal, CognitoUser } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import supertest from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { refusal } from './support/refusals.js';

/** What the guards of Nest's Passport module were told about refused requests. */
const told: unknown[] = [];

/** Admits what the strategy admits, or else whoever has the key. */
@Injectable()
class EitherGuard implements CanActivate {
  private readonly guard: CanActivate;

  constructor(@Inject(CognitoAuthService) { strategyName }: CognitoAuthService) {
    class ListeningGuard extends AuthGuard([strategyName, 'test-api-key']) {
      override handleRequest<T>(error: unknown, user: T, info: unknown, ...rest: [never]): T {
        told.push(error ?? info);
        return super.handleRequest(error, user, info, ...rest);
      }
    }
    this.guard = new ListeningGuard();
  }

  canActivate(context: ExecutionContext) {
    return this.guard.canActivate(context);
  }
}

@Controller()
class EitherController {
  @Get('either')
  @UseGuards(EitherGuard)
  either(@Req() { user }: { user: CognitoUser }) {
    return { username: user.username, isFrozen: Object.isFrozen(user) };
  }
}

const ALICE = { status: 200, body: { username: 'alice', isFrozen: true } };

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
  passport.use('test-api-key', {
    authenticate(
      this: passport.StrategyCreated<passport.Strategy>,
      { headers }: { headers: Record<string, string> },
    ) {
      if (headers['x-api-key'] === 'secret') this.success({ username: 'robot' });
      else this.fail('ApiKey', 401);
    },
  } as passport.Strategy);
});

beforeEach(() => {
  told.length = 0;
});

afterAll(() => {
  passport.unuse('test-api-key');
});

function modulesWith(options: Parameters<typeof CognitoAuthModule.forRoot>[0] = {}) {
  return {
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), ...options })],
    controllers: [EitherController],
  };
}

describe.each(ADAPTERS)('CognitoAuthService.strategyName in AuthGuard() on %s', (adapter) => {
  function start(options?: Parameters<typeof modulesWith>[0]) {
    return startApp(adapter, modulesWith(options));
  }

  it('makes the principal the user', async () => {
    expect(await send(await start(), '/either', pool.accessToken('alice'))).toMatchObject(ALICE);
  });

  it('leaves those without a good token to the next strategy', async () => {
    const app = await start();
    const headers = { 'x-api-key': 'secret' };
    for (const token of [undefined, pool.forgedToken()]) {
      // oxlint-disable-next-line no-await-in-loop
      const answer = await send(app, '/either', token, { headers });
      expect(answer).toMatchObject({ status: 200, body: { username: 'robot' } });
      expect(answer.challenge).toBeUndefined();
    }
  });

  it('answers with the challenge when no strategy lets the request in', async () => {
    const app = await start();
    for (const code of ['missing_token', 'invalid_signature'] as const) {
      const token = code === 'missing_token' ? undefined : pool.forgedToken();
      const { status, challenge } = refusal(code);
      // oxlint-disable-next-line no-await-in-loop
      expect(await send(app, '/either', token)).toMatchObject({ status, challenge });
    }
  });

  it('tells why a token was refused', async () => {
    const app = await start();
    const expired = pool.accessToken('alice', { expiresIn: -10 });
    const codes = {
      missing_token: undefined,
      malformed_token: 'a.b.c',
      invalid_signature: pool.forgedToken(),
      token_expired: expired,
      token_not_active: pool.accessToken('alice', { claims: { nbf: 4_102_444_800 } }),
      wrong_client: pool.accessToken('alice', { claims: { client_id: 'other' } }),
      wrong_token_use: pool.idToken('alice'),
    };
    for (const [code, token] of Object.entries(codes)) {
      told.length = 0;
      // oxlint-disable-next-line no-await-in-loop
      expect((await send(app, '/either', token)).status).toBe(401);
      expect(told).toEqual([[expect.objectContaining({ code }), 'ApiKey']]);
      expect((told as unknown[][])[0]?.[0]).toBeInstanceOf(CognitoAuthError);
    }
  });

  it('finds the token where the options say, also later', async () => {
    const fromPath = ({ url }: { url: string }) => Promise.resolve(url.split('?token=')[1]);
    const app = await start({ tokenFrom: fromPath });
    const token = pool.accessToken('alice');
    expect(await send(app, `/either?token=${token}`)).toMatchObject(ALICE);
    expect((await send(app, '/either', token)).status).toBe(401);
  });

  it('allows for as many seconds after exp as clockTolerance says', async () => {
    const token = pool.accessToken('alice', { expiresIn: -30 });
    const tolerant = await start({ clockTolerance: 60 });
    expect(await send(tolerant, '/either', token)).toMatchObject(ALICE);
    const past = pool.accessToken('alice', { expiresIn: -70 });
    expect((await send(tolerant, '/either', past)).status).toBe(401);
    const exact = await start({ clockTolerance: 0 });
    expect((await send(exact, '/either', token)).status).toBe(401);
    expect(told.at(-1)).toMatchObject([{ code: 'token_expired' }, 'ApiKey']);
  });

  it('refuses what was revoked, and is an error while that cannot be known', async () => {
    const store = new MemoryRevocationStore();
    const app = await start({ revocation: { useValue: store } });
    const token = pool.accessToken('alice');
    expect(await send(app, '/either', token)).toMatchObject(ALICE);
    await app.get(CognitoAuthService).revoke({ sub: subOf(token), issuedBefore: new Date(4e12) });
    expect((await send(app, '/either', token)).status).toBe(401);
    store.isRevoked = () => Promise.reject(new Error('down'));
    const headers = { 'x-api-key': 'secret' };
    expect(await send(app, '/either', token, { headers })).toMatchObject({
      status: 503,
      code: 'hook_failed',
    });
    expect(told.slice(1)).toMatchObject([
      [{ code: 'token_revoked' }, 'ApiKey'],
      { code: 'hook_failed' },
    ]);
  });

  it('holds only what is unsafe to be good', async () => {
    const app = await start({ unsafe: { skipVerification: true } });
    expect(await send(app, '/either', pool.forgedToken({ username: 'alice' }))).toMatchObject(
      ALICE,
    );
    expect((await send(app, '/either', pool.forgedToken({ expiresIn: -1 }))).status).toBe(401);
    const tolerant = await start({ unsafe: { ignoreExpiration: true } });
    const expired = { username: 'alice', expiresIn: -1 };
    expect(await send(tolerant, '/either', pool.accessToken('alice', expired))).toMatchObject(
      ALICE,
    );
    expect((await send(tolerant, '/either', pool.forgedToken(expired))).status).toBe(401);
  });
});

/** Admits what the strategy of the application admits. */
@Injectable()
class StrategyGuard implements CanActivate {
  private readonly guard: CanActivate;

  constructor(@Inject(CognitoAuthService) { strategyName }: CognitoAuthService) {
    this.guard = new (AuthGuard([strategyName]))();
  }

  canActivate(context: ExecutionContext) {
    return this.guard.canActivate(context);
  }
}

/** What parameter decorators give a handler. */
class Shown {
  @Get('guarded')
  @UseGuards(StrategyGuard)
  guarded(
    @Principal() principal: CognitoPrincipal | undefined,
    @CurrentUser('username') username: string | undefined,
    @Claims('token_use') tokenUse: string | undefined,
    @RawToken() token: string | undefined,
  ) {
    return { kind: principal?.kind, username, tokenUse, token };
  }

  @Get('passed')
  passed(
    @Principal() principal: CognitoPrincipal | undefined,
    @CurrentUser('username') username: string | undefined,
    @Claims('token_use') tokenUse: string | undefined,
    @RawToken() token: string | undefined,
  ) {
    return { kind: principal?.kind, username, tokenUse, token };
  }

  @Get('both')
  @UseGuards(StrategyGuard, CognitoGuard)
  both(@CurrentUser() user: unknown, @Principal() principal: CognitoPrincipal) {
    return { user, kind: principal.kind };
  }
}

@Controller()
class ShownController extends Shown {}

@Controller('open')
class OpenController extends Shown {}

@Module({ controllers: [ShownController, OpenController] })
class ShownModule implements NestModule {
  constructor(@Inject(CognitoAuthService) private readonly auth: CognitoAuthService) {}

  configure(consumer: MiddlewareConsumer) {
    consumer
      .apply((request: object, response: object, next: (error?: unknown) => void) => {
        const { strategyName } = this.auth;
        (passport.authenticate(strategyName, { session: false }) as Middleware)(
          request,
          response,
          next,
        );
      })
      .forRoutes('passed');
  }
}

type Middleware = (request: object, response: object, next: (error?: unknown) => void) => void;

const REFUSED: [CognitoAuthErrorCode, () => string | undefined][] = [
  ['missing_token', () => undefined],
  ['malformed_token', () => 'x.y.z'],
  ['invalid_signature', () => pool.forgedToken()],
  ['token_expired', () => pool.accessToken('alice', { expiresIn: -10 })],
];

describe.each(ADAPTERS)('A strategy of Passport on %s', (adapter) => {
  const startWith = (options: Parameters<typeof modulesWith>[0] = {}) =>
    startApp(adapter, {
      imports: [CognitoAuthModule.forRoot({ ...pool.options(), ...options }), ShownModule],
    });

  describe.each(['/guarded', '/passed'])('before %s', (path) => {
    it('lets parameter decorators know whom it admitted', async () => {
      const app = await startWith();
      const token = pool.accessToken('alice');
      const body = { kind: 'user', username: 'alice', tokenUse: 'access', token };
      expect(await send(app, path, token)).toMatchObject({ status: 200, body });
    });

    it('keeps requests that come at the same time apart', async () => {
      const app = await startWith();
      const tokens = Array.from({ length: 10 }, (_, index) =>
        index % 2 ? pool.accessToken('alice') : pool.clientToken(),
      );
      const answers = await Promise.all(tokens.map((token) => send(app, path, token)));
      expect(answers.map(({ body }) => body)).toMatchObject(
        tokens.map((token, index) => ({ token, kind: index % 2 ? 'user' : 'client' })),
      );
    });

    it.each(REFUSED)('answers %s with the challenge of the guard', async (code, sent) => {
      const app = await startWith({ realm: 'orders' });
      const { status, challenge } = refusal(code, { realm: 'orders' });
      expect(await send(app, path, sent())).toMatchObject({ status, challenge });
    });
  });

  it('says nothing to handlers behind no strategy', async () => {
    const app = await startWith();
    const answer = await send(app, '/open/passed', pool.accessToken('alice'));
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(answer.body).toEqual({});
  });

  it('leaves the hook identity and the user to the guard', async () => {
    const identity = { useValue: { resolve: () => ({ id: 7 }) } };
    const app = await startWith({ identity, property: 'account' });
    const token = pool.accessToken('alice');
    const both = { user: { id: 7 }, kind: 'user' };
    expect(await send(app, '/both', token)).toMatchObject({ status: 200, body: both });
    expect(await send(app, '/guarded', token)).toMatchObject({
      status: 200,
      body: { username: 'alice', token },
    });
  });

  it('lets the guard refuse what it alone knows to refuse', async () => {
    const identity = { useValue: { resolve: () => null } };
    const app = await startWith({ identity });
    const { status, challenge } = refusal('insufficient_group');
    expect(await send(app, '/both', pool.accessToken('alice'))).toMatchObject({
      status,
      challenge,
      code: 'unknown_user',
    });
  });
});

describe('A strategy of Passport in an application for tests', () => {
  it.each(ADAPTERS)('answers with the challenge, also without a port: %s', async (adapter) => {
    const module = await Test.createTestingModule({
      imports: [CognitoAuthModule.forRoot(pool.options()), ShownModule],
    }).compile();
    const server = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    const app = module.createNestApplication(server, { logger: false });
    await app.init();
    onTestFinished(() => app.close());
    if (server instanceof FastifyAdapter) await server.getInstance().ready();
    const token = pool.accessToken('alice');
    for (const path of ['/guarded', '/passed']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await answerOf(app, path)).toEqual([401, 'Bearer realm="api"', undefined]);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await answerOf(app, path, token)).toEqual([200, undefined, 'alice']);
    }
  });

  /** Status, challenge and user; Fastify makes the request up. */
  async function answerOf(app: INestApplication, url: string, token?: string) {
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const adapter: unknown = app.getHttpAdapter();
    if (adapter instanceof FastifyAdapter) {
      const answer = await adapter.inject({ url, headers });
      const username = token && answer.json<{ username: string }>().username;
      return [answer.statusCode, answer.headers['www-authenticate'], username];
    }
    const answer = await supertest(app.getHttpServer() as never)
      .get(url)
      .set(headers);
    const { username } = answer.body as { username?: string };
    return [answer.status, answer.headers['www-authenticate'], username];
  }
});

describe('CognitoAuthService.strategyName in Express itself', () => {
  /** An application with a middleware of Passport in front of a handler that Nest knows nothing of. */
  function start(options?: Parameters<typeof modulesWith>[0]): Promise<INestApplication> {
    return createApp('express', modulesWith(options), {
      configure: (application) => {
        const { strategyName } = application.get(CognitoAuthService);
        application.use(
          '/plain',
          passport.authenticate(strategyName, { session: false }),
          ({ user }: { user: CognitoUser }, response: { json(body: object): void }) =>
            response.json({ username: user.username, isFrozen: Object.isFrozen(user) }),
        );
      },
    });
  }

  let app: INestApplication;

  beforeAll(async () => {
    app = await start();
  });

  afterAll(async () => {
    await app.close();
  });

  it('makes the principal the user', async () => {
    expect(await send(app, '/plain', pool.accessToken('alice'))).toMatchObject(ALICE);
  });

  it.each([
    ['missing_token', (): string | undefined => undefined],
    ['invalid_signature', () => pool.forgedToken()],
    ['token_expired', () => pool.accessToken('alice', { expiresIn: -10 })],
  ] as const)('answers %s with the challenge of the guard', async (code, tokenOf) => {
    const { status, challenge } = refusal(code);
    expect(await send(app, '/plain', tokenOf())).toMatchObject({ status, challenge });
  });

  it('answers with its challenge beside those of other strategies', async () => {
    const both = await createApp('express', modulesWith(), {
      configure: (application) => {
        const strategies = [application.get(CognitoAuthService).strategyName, 'test-api-key'];
        application.use('/both', passport.authenticate(strategies, { session: false }));
      },
    });
    onTestFinished(() => both.close());

    const { status, challenge } = await send(both, '/both');

    expect(status).toBe(401);
    expect(challenge).toBe('ApiKey, Bearer realm="api"');
  });

  it('answers a malformed request with 400 and its challenge', async () => {
    const { status, challenge } = refusal('malformed_request');
    const headers = { authorization: 'Bearer a b' };
    const answer = await send(app, '/plain', undefined, { headers });
    expect(answer).toMatchObject({ status, challenge });
  });

  it('is an error of 503 without keys', async () => {
    const keys = {
      fetcher: (): Promise<never> => Promise.reject(new Error('down')),
      preload: 'lazy' as const,
    };
    const keyless = await start({ jwks: undefined, jwksUri: 'https://keys.example/k', keys });
    const answer = await send(keyless, '/plain', pool.accessToken('alice'));
    await keyless.close();
    expect(answer.status).toBe(503);
    expect(answer.challenge).toBeUndefined();
  });
});

function subOf(token: string): string {
  const [, payload = ''] = token.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string }).sub;
}
