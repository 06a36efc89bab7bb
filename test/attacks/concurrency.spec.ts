import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import {
  Authenticated,
  Claims,
  CognitoAuthModule,
  CurrentUser,
  OptionalAuth,
  Principal,
  RawToken,
} from 'nestjs-cognito-auth';
import type { CognitoUser } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exchange, get } from './raw-http.js';
import type { Answer } from './raw-http.js';

const USERS = Array.from({ length: 200 }, (_, index) => `user-${index}`);

/** Holds every handler until all users are inside, so that no request ends before all are under way. */
class Barrier {
  private waiting: (() => void)[] = [];

  async arrive(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.waiting.push(resolve);
      if (this.waiting.length < USERS.length) return;
      for (const open of this.waiting) open();
      this.waiting = [];
    });
  }
}

@Controller()
class MeetingController {
  constructor(@Inject(Barrier) private readonly barrier: Barrier) {}

  @Get('meeting')
  @Authenticated()
  async meeting(
    @CurrentUser('username') current: string,
    @Principal() principal: CognitoUser,
    @Claims('username') claim: string,
    @RawToken() token: string,
    @Req() request: { user: CognitoUser },
  ) {
    const before = request.user.username;
    await this.barrier.arrive();
    const ofToken = usernameIn(token);
    return [current, principal.username, claim, ofToken, before, request.user.username];
  }

  @Get('visitor')
  @OptionalAuth()
  visitor(@CurrentUser('username') username?: string) {
    return [username ?? 'anonymous'];
  }

  @Get('vandal')
  @Authenticated()
  vandal(@Principal() principal: CognitoUser) {
    const wishes = [
      () => (principal.groups as string[]).push('admin'),
      () => Object.assign(principal, { username: 'admin' }),
      () => Object.assign(principal.claims, { username: 'admin' }),
      () => Object.assign(principal.customAttributes, { tenant: 'other' }),
      () => (principal.claims['list'] as string[]).push('more'),
      () => Object.defineProperty(principal, 'kind', { value: 'client' }),
      () => Object.setPrototypeOf(principal, { admin: true }),
    ];
    principal.expiresAt.setTime(0);
    return wishes.map(isRefused);
  }

  @Get('principal')
  @Authenticated()
  principal(@Principal() principal: CognitoUser) {
    return principal;
  }
}

function isRefused(wish: () => unknown): boolean {
  try {
    wish();
    return false;
  } catch (error) {
    return error instanceof TypeError;
  }
}

function usernameIn(token: string): unknown {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  return (JSON.parse(payload) as { username?: unknown }).username;
}

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: USERS.map((username) => ({ username })) });
  server = await pool.listen();
});

afterAll(async () => {
  await server.close();
});

describe.each([
  ['express', true],
  ['express', false],
  ['fastify', true],
] as const)('On %s, with verified tokens remembered: %s', (platform, remembers) => {
  let app: INestApplication;
  let port: number;
  let fetches: number;

  beforeEach(async () => {
    fetches = fetchesOfKeys();
    const options = server.options({
      keys: { preload: 'lazy' as const },
      ...(!remembers && { tokenCache: false as const }),
    });
    const module: DynamicModule = {
      module: class MeetingModule {},
      imports: [CognitoAuthModule.forRoot(options)],
      controllers: [MeetingController],
      providers: [Barrier],
    };
    const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
    app = await NestFactory.create(module, adapter, { logger: false });
    await app.listen(0, '127.0.0.1');
    ({ port } = app.getHttpServer().address() as AddressInfo);
  });

  afterEach(async () => {
    await app.close();
  });

  async function send(path: string, token?: string): Promise<Answer> {
    const headers = token === undefined ? [] : [`Authorization: Bearer ${token}`];
    const [answer] = await exchange(port, get(headers).to(path), { deadline: 20_000 });
    if (!answer) throw new Error('The server gave no answer');
    return answer;
  }

  it('200 users at once each meet themselves only, between forged tokens and strangers', async () => {
    const tokens = USERS.map((username) => pool.accessToken(username));
    for (const order of [tokens, tokens.toReversed(), tokens]) {
      const answers = await Promise.all(
        order.map(async (token) => {
          const [met, forged, stranger] = await Promise.all([
            send('/meeting', token),
            send('/meeting', pool.forgedToken({ username: String(usernameIn(token)) })),
            send('/visitor'),
          ]);
          expect(forged.body).toContain('"code":"invalid_signature"');
          expect(stranger.body).toBe('["anonymous"]');
          return JSON.parse(met.body) as unknown;
        }),
      );
      expect(answers).toEqual(order.map((token) => Array(6).fill(usernameIn(token))));
    }
    expect(fetchesOfKeys() - fetches).toBe(1);
  });

  it('requests on one connection do not inherit a user from those before them', async () => {
    const requests = [
      ['/visitor', pool.accessToken('user-0')],
      ['/visitor'],
      ['/visitor', pool.accessToken('user-1')],
      ['/visitor', pool.forgedToken({ username: 'user-2' })],
      ['/visitor'],
    ].map(([path, token]) => pipelined(path ?? '', token));
    const bytes = requests.join('') + get([]).to('/principal');
    const answers = await exchange(port, bytes);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 401, 200, 401]);
    expect(answers.map(({ body }) => (body.startsWith('[') ? body : ''))).toEqual([
      '["user-0"]',
      '["anonymous"]',
      '["user-1"]',
      '',
      '["anonymous"]',
      '',
    ]);
  });

  it('no handler changes what the next one with the same token sees', async () => {
    const claims = { list: ['one'], 'custom:tenant': 'acme' };
    const token = pool.accessToken('user-0', { claims });
    const before = await send('/principal', token);
    // From now on they share what is remembered.
    await send('/principal', token);
    expect(JSON.parse((await send('/vandal', token)).body)).toEqual(Array(7).fill(true));
    const after = await send('/principal', token);
    expect(JSON.parse(after.body)).toEqual(JSON.parse(before.body));
    expect(JSON.parse(after.body)).toMatchObject({ username: 'user-0', claims });
  });
});

function fetchesOfKeys(): number {
  return server.requests[new URL(server.jwksUri).pathname] ?? 0;
}

/** A request after which the connection stays open for the next. */
function pipelined(path: string, token?: string): string {
  const headers = token === undefined ? [] : [`Authorization: Bearer ${token}`];
  return get(headers).to(path).replace('Connection: close\r\n', '');
}
