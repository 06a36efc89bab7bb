import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { Controller, Delete, Get, HttpCode, Options, Post } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  Check,
  ClientsOnly,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  fromBearerHeader,
  fromCookie,
  fromQuery,
  Groups,
  MemoryRevocationStore,
  OptionalAuth,
  Permissions,
  Public,
  Scopes,
} from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { thrownCodes } from './library.source.js';
import { ADAPTERS, createApp, startApp } from './support/app.js';
import type { Adapter } from './support/app.js';
import { MeController } from './support/me.controller.js';

@Controller()
class EverythingController {
  @Get('me')
  me(@CurrentUser() user: object) {
    return user;
  }

  @Get('feed')
  @OptionalAuth()
  feed(@CurrentUser('username') username: string | null = null) {
    return { username };
  }

  @Get('open')
  @Public()
  open() {
    return { open: true };
  }

  @Get('groups')
  @Groups('admin')
  groups() {
    return {};
  }

  @Get('scopes')
  @Scopes('orders/read', 'orders/write')
  scopes() {
    return {};
  }

  @Get('machines')
  @ClientsOnly()
  machines() {
    return {};
  }

  @Get('permissions')
  @Permissions('orders:read')
  permissions() {
    return {};
  }

  @Get('checks')
  @Check(() => false)
  checks() {
    return {};
  }

  @Get('broken')
  @Check(() => {
    throw new TypeError('The application is broken');
  })
  broken() {
    return {};
  }

  @Post('orders')
  create() {
    return { id: 7 };
  }

  @Delete('orders')
  @HttpCode(204)
  remove() {}

  @Options('orders')
  options() {
    return {};
  }
}

/** What the frameworks say about themselves, and about the connection. */
const OF_THE_FRAMEWORK = new Set(['date', 'x-powered-by', 'etag', 'connection', 'keep-alive']);

interface Sent {
  method?: string;
  path: string;
  headers?: OutgoingHttpHeaders;
}

interface Answer {
  status?: number;
  headers: Record<string, string[]>;
  body: string;
}

let pool: LocalUserPool;
let stranger: LocalUserPool;
let offline: LocalUserPool;
let apps: INestApplication[];

beforeAll(async () => {
  const setup = {
    users: [
      { username: 'alice', groups: ['staff'] },
      { username: 'eve', groups: [] },
    ],
    clients: [{ clientId: 'web' }, { clientId: 'worker', scopes: ['orders/read'] }],
  };
  pool = await LocalUserPool.create(setup);
  stranger = await LocalUserPool.create(setup);
  offline = await LocalUserPool.create(setup);
  apps = await Promise.all(ADAPTERS.map((adapter) => start(adapter)));
  for (const app of apps) {
    // oxlint-disable-next-line no-await-in-loop -- there are two
    await app.get(CognitoAuthService).revoke({ originJti: 'revoked' });
  }
});

afterAll(async () => {
  await Promise.all(apps.map((app) => app.close()));
});

async function start(adapter: Adapter): Promise<INestApplication> {
  const { userPoolId, clientId, issuer } = offline.options();
  const fetcher = () => Promise.reject(new Error('Cognito is down'));
  const resolve = (principal: CognitoPrincipal) =>
    principal.kind === 'user' && principal.username === 'eve' ? null : principal;
  const module = CognitoAuthModule.forRoot({
    userPools: [
      { ...pool.options(), audience: 'api' },
      { userPoolId, clientId, issuer },
    ],
    keys: { fetcher, preload: 'lazy' },
    tokenFrom: [fromBearerHeader(), fromCookie('token'), fromQuery('token')],
    protectAll: true,
    identity: { useValue: { resolve } },
    permissions: { useValue: { permissionsOf: () => [] } },
    revocation: MemoryRevocationStore,
  });
  const metadata = { imports: [module], controllers: [EverythingController] };
  return createApp(adapter, metadata);
}

async function answerOf(app: INestApplication, { method = 'GET', path, headers }: Sent) {
  const url = new URL(path, await app.getUrl());
  const call = request(url, { method, headers, agent: false });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const answer: Answer = { status: response.statusCode, headers: {}, body: await text(response) };
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    if (!OF_THE_FRAMEWORK.has(name)) answer.headers[name] = values;
  }
  return answer;
}

/** The answer that both give, sent at the same time because some tell how long ago something was. */
async function commonAnswer(sent: Sent): Promise<Answer> {
  return vi.waitFor(async () => {
    const [express, fastify] = await Promise.all(apps.map((app) => answerOf(app, sent)));
    expect(fastify).toEqual(express);
    return express as Answer;
  });
}

function codeOf({ body }: Answer): unknown {
  return (JSON.parse(body) as { code?: unknown }).code;
}

function bearer(credentials: string): OutgoingHttpHeaders {
  return { authorization: `Bearer ${credentials}` };
}

/** A token that would be admitted but for what is given. */
function token(options: Parameters<LocalUserPool['accessToken']>[1] = {}): string {
  return pool.accessToken('alice', { audience: 'api', ...options });
}

const now = () => Math.floor(Date.now() / 1_000);

const REFUSALS: [code: CognitoAuthErrorCode, send: () => Sent][] = [
  ['missing_token', () => ({ path: '/me' })],
  ['missing_token', () => ({ path: '/me', headers: { authorization: 'Basic YTpi' } })],
  ['malformed_request', () => ({ path: '/me', headers: { authorization: 'Bearer' } })],
  ['malformed_request', () => ({ path: '/me', headers: { authorization: [token(), token()] } })],
  ['malformed_request', () => ({ path: `/me?token=${token()}&token=${token()}` })],
  ['malformed_request', () => ({ path: '/me', headers: { cookie: 'token=a; token=b' } })],
  ['malformed_request', () => ({ path: '/feed', headers: { authorization: 'Bearer a b' } })],
  ['malformed_token', () => ({ path: '/me', headers: bearer('a.b.c') })],
  ['malformed_token', () => ({ path: '/me?token=%00%ff' })],
  ['malformed_token', () => ({ path: '/feed', headers: bearer('a.b.c') })],
  ['invalid_signature', () => ({ path: '/me', headers: bearer(pool.forgedToken()) })],
  ['unknown_key', () => ({ path: '/me', headers: bearer(pool.forgedToken({ kid: 'another' })) })],
  ['token_expired', () => ({ path: '/me', headers: bearer(token({ expiresIn: -60 })) })],
  [
    'token_not_active',
    () => ({ path: '/me', headers: bearer(token({ claims: { nbf: now() + 600 } })) }),
  ],
  ['wrong_issuer', () => ({ path: '/me', headers: bearer(stranger.accessToken('alice')) })],
  ['wrong_client', () => ({ path: '/me', headers: bearer(token({ claims: { client_id: 'a' } })) })],
  ['wrong_token_use', () => ({ path: '/me', headers: bearer(pool.idToken('alice')) })],
  ['wrong_audience', () => ({ path: '/me', headers: bearer(token({ audience: 'another' })) })],
  ['token_revoked', () => ({ path: '/me', headers: bearer(token({ originJti: 'revoked' })) })],
  ['insufficient_scope', () => ({ path: '/scopes', headers: bearer(token()) })],
  ['insufficient_group', () => ({ path: '/groups', headers: bearer(token()) })],
  ['insufficient_permission', () => ({ path: '/permissions', headers: bearer(token()) })],
  ['wrong_principal', () => ({ path: '/machines', headers: bearer(token()) })],
  [
    'unknown_user',
    () => ({ path: '/me', headers: bearer(pool.accessToken('eve', { audience: 'api' })) }),
  ],
  ['check_failed', () => ({ path: '/checks', headers: bearer(token()) })],
  ['keys_unavailable', () => ({ path: '/me', headers: bearer(offline.accessToken('alice')) })],
  ['hook_failed', () => ({ path: '/broken', headers: bearer(token()) })],
];

describe('Express and Fastify', () => {
  it.each(REFUSALS)('answer %s alike (%#)', async (code, send) => {
    const answer = await commonAnswer(send());
    expect(codeOf(answer)).toBe(code);
    expect(answer.headers).toHaveProperty('content-type', ['application/json; charset=utf-8']);
    const header = answer.status === 503 ? 'retry-after' : 'www-authenticate';
    expect(answer.headers[header]).toHaveLength(1);
  });

  it.each(['POST', 'DELETE', 'OPTIONS'])('answer %s alike without a token', async (method) => {
    const answer = await commonAnswer({ path: '/orders', method });
    expect(codeOf(answer)).toBe('missing_token');
  });

  it('are compared by every code that a request can be refused with', () => {
    const codes = new Set(REFUSALS.map(([code]) => code));
    const ofOtherContexts: CognitoAuthErrorCode[] = ['unsupported_context'];
    expect([...codes, ...ofOtherContexts].toSorted()).toEqual(thrownCodes().toSorted());
  });

  it.each(REFUSALS)('answer HEAD alike with %s (%#)', async (_code, send) => {
    const sent = send();
    const answer = await commonAnswer({ ...sent, method: 'HEAD' });
    expect(answer.body).toBe('');
    const { status, headers } = await commonAnswer(sent);
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.headers).toSorted()).toEqual(Object.keys(headers).toSorted());
  });

  it.each<[status: number, send: () => Sent]>([
    [200, () => ({ path: '/me', headers: bearer(token()) })],
    [200, () => ({ path: '/me', headers: { cookie: `theme=dark; token=${token()}` } })],
    [200, () => ({ path: `/me?token=${token()}` })],
    [200, () => ({ path: '/me', method: 'HEAD', headers: bearer(token()) })],
    [200, () => ({ path: '/feed' })],
    [200, () => ({ path: '/feed', headers: bearer(token()) })],
    [200, () => ({ path: '/open', headers: bearer('a.b.c') })],
    [201, () => ({ path: '/orders', method: 'POST', headers: bearer(token()) })],
    [204, () => ({ path: '/orders', method: 'DELETE', headers: bearer(token()) })],
    [200, () => ({ path: '/orders', method: 'OPTIONS', headers: bearer(token()) })],
    [404, () => ({ path: '/nothing', headers: bearer(token()) })],
    [404, () => ({ path: '/nothing' })],
  ])('answer %i alike (%#)', async (status, send) => {
    expect(await commonAnswer(send())).toMatchObject({ status });
  });
});

describe.each(ADAPTERS)('An app on %s that pages of other sites may call', (adapter) => {
  const origin = 'https://app.example.com';
  const module = () => CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true });

  it('answers their preflight requests, which have no token, and lets them read refusals', async () => {
    const app = await startApp(
      adapter,
      { imports: [module()], controllers: [MeController] },
      { configure: (created) => created.enableCors({ origin }) },
    );
    const preflight = {
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    };
    const allowed = { 'access-control-allow-origin': [origin] };
    const options = { path: '/me', method: 'OPTIONS', headers: preflight };
    expect(await answerOf(app, options)).toMatchObject({
      status: 204,
      headers: { ...allowed, 'access-control-allow-headers': ['authorization'] },
    });
    const refused = await answerOf(app, { path: '/me', headers: { origin } });
    expect(refused).toMatchObject({ status: 401, headers: allowed });
    expect(codeOf(refused)).toBe('missing_token');
  });
});
