import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  Authenticated,
  CognitoAuthModule,
  Groups,
  OptionalAuth,
  Scopes,
  UsersOnly,
} from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import type { Adapter, Answer } from './support/app.js';
import { refusal } from './support/refusals.js';

@Controller()
class OrdersController {
  @Get('me')
  @Authenticated()
  me() {
    return { came: 'in' };
  }

  @Get('feed')
  @OptionalAuth()
  feed() {
    return { came: 'in' };
  }

  @Get('admin')
  @Groups('board-of-directors')
  admin() {
    return { came: 'in' };
  }

  @Get('orders')
  @Scopes('orders/read', 'orders/write')
  orders() {
    return { came: 'in' };
  }

  @Get('people')
  @UsersOnly()
  people() {
    return { came: 'in' };
  }
}

const AUDIENCE = 'https://api.example.com';
const SECRET = 'do-not-show';

let pool: LocalUserPool;
let stranger: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }];
  pool = await LocalUserPool.create({ users });
  stranger = await LocalUserPool.create({ users });
});

function start(adapter: Adapter, options: Partial<CognitoAuthOptions> = {}) {
  return createApp(adapter, {
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), audience: AUDIENCE, ...options })],
    controllers: [OrdersController],
  });
}

/** An access token that would be admitted but for what is given. */
function token(options: Parameters<LocalUserPool['accessToken']>[1] = {}): string {
  return pool.accessToken('alice', { audience: AUDIENCE, ...options });
}

function secondsFromNow(seconds: number): number {
  return Math.floor(Date.now() / 1_000) + seconds;
}

function withShorterSignature(whole: string): string {
  const [header, payload, signature = ''] = whole.split('.');
  const bytes = Buffer.from(signature, 'base64url').subarray(0, -1);
  return [header, payload, bytes.toString('base64url')].join('.');
}

interface Case {
  code: CognitoAuthErrorCode;
  title: string;
  /** Default: `/me`. */
  path?: string;
  token?: () => string;
  headers?: () => Record<string, string | string[]>;
  scopes?: string[];
  message: string | RegExp;
}

const CASES: Case[] = [
  {
    code: 'missing_token',
    title: 'no token',
    message: 'The request has no token; this route needs one',
  },
  {
    code: 'missing_token',
    title: 'credentials of another scheme',
    headers: () => ({ authorization: 'Basic YWxpY2U6ZG8tbm90LXNob3c=' }),
    message: 'The request has no token; this route needs one',
  },
  {
    code: 'malformed_request',
    title: 'two tokens in one header',
    token: () => `${token()} ${token()}`,
    message: 'The authorization header is not "Bearer", a space and one token',
  },
  {
    code: 'malformed_request',
    title: 'two headers',
    headers: () => ({ authorization: [`Bearer ${token()}`, `Bearer ${token()}`] }),
    message: 'The request has more than one authorization header; send one',
  },
  {
    code: 'malformed_token',
    title: 'what is no token',
    token: () => SECRET,
    message: 'The token does not have three non-empty parts separated by dots',
  },
  {
    code: 'malformed_token',
    title: 'a refresh token',
    token: () => 'eyJjdHkiOiJKV1QifQ.a.b.c.d',
    message:
      'The token is encrypted, as refresh tokens of Cognito are; send an access token or an ID token',
  },
  {
    code: 'malformed_token',
    title: 'another algorithm',
    token: () => token({ header: { alg: 'HS256' } }),
    message: 'The token is not signed with RS256',
  },
  {
    code: 'malformed_token',
    title: 'a claim of the wrong type',
    token: () => token({ claims: { 'cognito:groups': SECRET } }),
    message: 'The claim cognito:groups of the token is not an array of strings',
  },
  {
    code: 'malformed_token',
    title: 'no expiry',
    token: () => token({ claims: { exp: undefined } }),
    message: 'The claim exp of the token is not a time in seconds',
  },
  {
    code: 'invalid_signature',
    title: 'a forged token',
    token: () => pool.forgedToken({ username: 'alice', audience: AUDIENCE }),
    message: 'The signature of the token does not belong to its header and payload',
  },
  {
    code: 'invalid_signature',
    title: 'a signature that is cut short',
    token: () => withShorterSignature(token()),
    message: 'The signature of the token does not have the length that its key makes',
  },
  {
    code: 'unknown_key',
    title: 'a key of another user pool',
    token: () => stranger.accessToken('alice', { claims: { iss: pool.issuer } }),
    message: 'The token is signed with a key that is not among the keys of its user pool',
  },
  {
    code: 'token_expired',
    title: 'an expired token',
    token: () => token({ expiresIn: -12 }),
    message: /^The token expired 1[23] s ago$/,
  },
  {
    code: 'token_not_active',
    title: 'a token for later',
    token: () => token({ claims: { nbf: secondsFromNow(600) } }),
    message: 'The token is not active yet (claim nbf)',
  },
  {
    code: 'token_not_active',
    title: 'a token from the future',
    token: () => token({ claims: { iat: secondsFromNow(600) } }),
    message: 'The token was issued in the future',
  },
  {
    code: 'wrong_issuer',
    title: 'a token of another user pool',
    token: () => stranger.accessToken('alice'),
    message: 'The token was issued by none of the user pools that this API accepts',
  },
  {
    code: 'wrong_client',
    title: 'a token for another app client',
    token: () => token({ claims: { client_id: SECRET } }),
    message:
      'The token was issued for an app client that this API does not accept (claim client_id)',
  },
  {
    code: 'wrong_token_use',
    title: 'an ID token',
    token: () => pool.idToken('alice'),
    message: 'The token is an ID token; this route accepts an access token',
  },
  {
    code: 'wrong_token_use',
    title: 'a token for something else',
    token: () => token({ claims: { token_use: SECRET } }),
    message: 'The token is neither an access token nor an ID token',
  },
  {
    code: 'wrong_audience',
    title: 'a token for another API',
    token: () => token({ audience: `https://${SECRET}.example` }),
    message:
      'The access token is not meant for this API (claim aud); ask for it with the parameter resource',
  },
  {
    code: 'insufficient_scope',
    title: 'a scope too few',
    path: '/orders',
    token: () => token({ scopes: ['orders/read', SECRET] }),
    scopes: ['orders/read', 'orders/write'],
    message: 'The token does not carry the scopes that this route asks for',
  },
  {
    code: 'insufficient_group',
    title: 'the wrong groups',
    path: '/admin',
    token: () => token(),
    message: 'The caller is not in the groups that this route asks for',
  },
  {
    code: 'wrong_principal',
    title: 'a machine',
    path: '/people',
    token: () => pool.clientToken({ claims: { aud: AUDIENCE } }),
    message: 'This route is for users, not for machines',
  },
];

/** Everything that a client sees of an answer. */
function textOf({ body, headers }: Answer): string {
  return JSON.stringify({ body, headers });
}

describe.each(ADAPTERS)('The answer on %s', (adapter) => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await start(adapter);
  });

  afterAll(() => app.close());

  it('is that of the handler to who may come in', async () => {
    expect(await send(app, '/me', token())).toMatchObject({
      status: 200,
      challenge: undefined,
      body: { came: 'in' },
    });
  });

  it.each(CASES)('to $title is $code', async ({ code, path = '/me', scopes, message, ...sent }) => {
    const answer = await send(app, path, sent.token?.(), { headers: sent.headers?.() });
    expect(answer).toMatchObject(refusal(code, { scopes }));
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect((answer.body as { message: string }).message).toMatch(exactly(message));
  });

  it.each(CASES)('to $title shows nothing of it', async ({ path = '/me', ...sent }) => {
    const given = sent.token?.();
    const answer = textOf(await send(app, path, given, { headers: sent.headers?.() }));
    expect(answer).not.toContain(SECRET);
    const parts = (given ?? '').split('.').filter((part) => part.length > 8);
    expect(parts.filter((part) => answer.includes(part))).toEqual([]);
  });

  it.each(CASES)(
    'to HEAD with $title is $code without a body',
    async ({ code, scopes, ...sent }) => {
      const { path = '/me', headers } = sent;
      const setup = { method: 'head' as const, headers: headers?.() };
      const { status, challenge, body } = await send(app, path, sent.token?.(), setup);
      const { status: expectedStatus, challenge: expectedChallenge } = refusal(code, { scopes });
      expect(status).toBe(expectedStatus);
      expect(challenge).toEqual(expectedChallenge);
      expect(body).toEqual({});
    },
  );

  it('to a bad token is the same on a route that is open to those without one', async () => {
    const forged = pool.forgedToken({ username: 'alice' });
    expect(await send(app, '/feed', forged)).toMatchObject(refusal('invalid_signature'));
    expect(await send(app, '/feed')).toMatchObject({ status: 200, challenge: undefined });
  });

  it('to a group too few names no groups', async () => {
    expect(textOf(await send(app, '/admin', token()))).not.toMatch(/board|"admin"/);
  });

  it('to a route that does not exist is not ours', async () => {
    expect(await send(app, '/nowhere')).toMatchObject({ status: 404, challenge: undefined });
  });
});

describe.each(ADAPTERS)('The realm of a challenge on %s', (adapter) => {
  it('is that of the options', async () => {
    const realm = 'orders, v2';
    const app = await startApp(adapter, {
      imports: [CognitoAuthModule.forRoot({ ...pool.options(), realm })],
      controllers: [OrdersController],
    });
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token', { realm }));
    expect(await send(app, '/admin', token())).toMatchObject(
      refusal('insufficient_group', { realm }),
    );
  });
});

describe.each(ADAPTERS)('The answer without keys on %s', (adapter) => {
  const down = { fetcher: () => Promise.reject(new Error(`connect ECONNREFUSED ${SECRET}`)) };
  let app: INestApplication;

  beforeAll(async () => {
    app = await start(adapter, { jwks: undefined, keys: down });
  });

  afterAll(() => app.close());

  it('is keys_unavailable, which is not the fault of the caller', async () => {
    const answer = await send(app, '/me', token());
    expect(answer).toMatchObject(refusal('keys_unavailable'));
    expect(answer).toMatchObject({
      body: {
        message: 'The keys to verify tokens with are not available at the moment; try again later',
      },
    });
    expect(textOf(answer)).not.toContain(SECRET);
  });

  it('is the usual one to what needs no key to be refused', async () => {
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/me', 'a.b.c')).toMatchObject(refusal('malformed_token'));
    expect(await send(app, '/me', stranger.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('to HEAD says when to try again, too', async () => {
    const answer = await send(app, '/me', token(), { method: 'head' });
    expect(answer).toMatchObject({
      status: 503,
      challenge: undefined,
      retryAfter: expect.stringMatching(/^\d+$/),
    });
  });
});

describe.each(ADAPTERS)('The log of a refusal on %s', (adapter) => {
  it('says who was refused and why, and shows no token', async () => {
    const lines: unknown[] = [];
    const write = (...line: unknown[]) => lines.push(...line);
    const logger = { log: write, error: write, warn: write, debug: write, verbose: write };
    const app = await startApp(
      adapter,
      {
        imports: [CognitoAuthModule.forRoot({ ...pool.options(), name: 'staff' })],
        controllers: [OrdersController],
      },
      { logger },
    );
    const refused = token({ claims: { jti: 'j1', sub: 's1' } });
    const forged = pool.forgedToken({ claims: { sub: SECRET } });
    expect(await send(app, '/admin', refused)).toMatchObject(refusal('insufficient_group'));
    expect(await send(app, '/me', forged)).toMatchObject(refusal('invalid_signature'));
    expect(lines).toContainEqual({
      message: 'Refused',
      code: 'insufficient_group',
      jti: 'j1',
      sub: 's1',
      userPool: 'staff',
    });
    const text = JSON.stringify(lines);
    for (const part of [...refused.split('.'), ...forged.split('.'), SECRET]) {
      expect(text).not.toContain(part);
    }
  });
});

function exactly(message: string | RegExp): RegExp {
  if (typeof message !== 'string') return message;
  return new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}$`);
}
