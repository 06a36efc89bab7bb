import { Controller, Get, Post, ServiceUnavailableException } from '@nestjs/common';
import {
  Authenticated,
  CognitoAuthError,
  CognitoAuthModule,
  CurrentUser,
  fromBearerHeader,
  fromCookie,
  fromHeader,
  fromQuery,
  OptionalAuth,
  RawToken,
} from 'nestjs-cognito-auth';
import type { TokenExtractor } from 'nestjs-cognito-auth';
import { fromSession } from 'nestjs-cognito-auth/hosted-ui';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { ExtractJwt } from 'passport-jwt';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { refusal } from '../support/refusals.js';

@Controller()
class MeController {
  @Get('me')
  @Authenticated()
  me(@CurrentUser('username') username: string, @RawToken() token: string) {
    return { username, isWhole: token.split('.').length === 3 };
  }

  @Get('optional')
  @OptionalAuth()
  optional(@CurrentUser('username') username = 'anonymous') {
    return { username };
  }

  @Post('me')
  @Authenticated()
  post(@CurrentUser('username') username: string) {
    return { username };
  }
}

const ALICE = { status: 200, body: { username: 'alice', isWhole: true } };
const BOB = { status: 200, body: { username: 'bob', isWhole: true } };
const ANONYMOUS = { status: 200, body: { username: 'anonymous' } };

let pool: LocalUserPool;
let alice: string;
let bob: string;
let forged: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }, { username: 'bob' }] });
  [alice, bob] = [pool.accessToken('alice'), pool.accessToken('bob')];
  forged = pool.forgedToken({ username: 'alice' });
});

/** What a test sends: a path and headers. */
interface Sent {
  path?: string;
  headers?: Record<string, string | string[]>;
}

/** What one extractor makes of a request. */
interface Carriage {
  extractor: TokenExtractor;
  /** Carries this text. */
  carry: (token: string) => Sent;
  /** Carries both texts. */
  carryBoth: (one: string, other: string) => Sent;
}

const CARRIAGES: Record<string, Carriage> = {
  'fromHeader()': {
    extractor: fromHeader('X-Access-Token'),
    carry: (token) => ({ headers: { 'x-access-token': token } }),
    carryBoth: (one, other) => ({ headers: { 'x-access-token': [one, other] } }),
  },
  'fromHeader() with a prefix': {
    extractor: fromHeader('x-auth', { prefix: 'Token ' }),
    carry: (token) => ({ headers: { 'x-auth': token && `Token ${token}` } }),
    carryBoth: (one, other) => ({ headers: { 'x-auth': [`Token ${one}`, `Token ${other}`] } }),
  },
  'fromCookie()': {
    extractor: fromCookie('access_token'),
    carry: (token) => ({ headers: { cookie: `theme=dark; access_token=${token}; lang=en` } }),
    carryBoth: (one, other) => ({
      headers: { cookie: `access_token=${one};access_token=${other}` },
    }),
  },
  'fromQuery()': {
    extractor: fromQuery('access_token'),
    carry: (token) => ({ path: `?theme=dark&access_token=${token}` }),
    carryBoth: (one, other) => ({ path: `?access_token=${one}&access_token=${other}` }),
  },
  'fromBearerHeader()': {
    extractor: fromBearerHeader(),
    carry: (token) => (token ? { headers: { authorization: `Bearer ${token}` } } : {}),
    carryBoth: (one, other) => ({
      headers: { authorization: [`Bearer ${one}`, `Bearer ${other}`] },
    }),
  },
};

function startWith(adapter: Adapter, ...tokenFrom: TokenExtractor[]) {
  const imports = [CognitoAuthModule.forRoot({ ...pool.options(), tokenFrom })];
  return startApp(adapter, { imports, controllers: [MeController] });
}

describe.each(ADAPTERS)('On %s', (adapter) => {
  describe.each(Object.entries(CARRIAGES))('%s', (_, { extractor, carry, carryBoth }) => {
    const start = async () => {
      const app = await startWith(adapter, extractor);
      return (route: string, { path = '', headers }: Sent) =>
        send(app, `${route}${path}`, undefined, { headers });
    };

    it('finds the token', async () => {
      const get = await start();
      expect(await get('/me', carry(alice))).toMatchObject(ALICE);
      expect(await get('/optional', carry(bob))).toMatchObject({ body: { username: 'bob' } });
    });

    it('finds none where there is none, or an empty one', async () => {
      const get = await start();
      for (const sent of [{}, carry('')]) {
        expect(await get('/me', sent)).toMatchObject(refusal('missing_token'));
        expect(await get('/optional', sent)).toMatchObject(ANONYMOUS);
      }
    });

    it('does not make a bad token good, not even where a token is optional', async () => {
      const get = await start();
      for (const route of ['/me', '/optional']) {
        expect(await get(route, carry(forged))).toMatchObject(refusal('invalid_signature'));
        expect(await get(route, carry('a.b.c'))).toMatchObject(refusal('malformed_token'));
      }
    });

    it('refuses two tokens, whether they differ or not', async () => {
      const get = await start();
      for (const sent of [carryBoth(alice, bob), carryBoth(alice, alice), carryBoth('', alice)]) {
        expect(await get('/me', sent)).toMatchObject(refusal('malformed_request'));
        expect(await get('/optional', sent)).toMatchObject(refusal('malformed_request'));
      }
    });
  });

  it('a prefix that is not there means that there is no token', async () => {
    const app = await startWith(adapter, fromHeader('x-auth', { prefix: 'Token ' }));
    for (const value of [alice, `token ${alice}`, `Bearer ${alice}`, 'Token', 'Token ']) {
      const headers = { 'x-auth': value };
      expect(await send(app, '/me', undefined, { headers })).toMatchObject(
        refusal('missing_token'),
      );
    }
  });

  it.each([
    ['no spaces', (token: string) => `theme=dark;access_token=${token};lang=en`],
    ['more spaces', (token: string) => `theme=dark;  access_token = ${token} ; lang=en`],
    ['percent signs', (token: string) => `access_token=${token.replaceAll('.', '%2E')}`],
    ['neighbours', (token: string) => `xaccess_token=a; access_token2=b; access_token=${token}`],
    ['a nameless neighbour', (token: string) => `access_tokenX; access_token=${token}`],
  ])('a cookie may be written with %s', async (_, cookieOf) => {
    const app = await startWith(adapter, fromCookie('access_token'));
    const headers = { cookie: cookieOf(alice) };
    expect(await send(app, '/me', undefined, { headers })).toMatchObject(ALICE);
  });

  it('a cookie is found in the same way when a parser has run before', async () => {
    const imports = [
      CognitoAuthModule.forRoot({ ...pool.options(), tokenFrom: fromCookie('access_token') }),
    ];
    // What cookie-parser and @fastify/cookie leave on the request.
    const parse = (request: object, _response: unknown, next: () => void) => {
      Object.assign(request, { cookies: { access_token: 'a.b.c' }, signedCookies: {} });
      next();
    };
    const app = await startApp(
      adapter,
      { imports, controllers: [MeController] },
      { configure: (nest) => nest.use(parse) },
    );
    const headers = { cookie: `access_token=${alice}` };
    expect(await send(app, '/me', undefined, { headers })).toMatchObject(ALICE);
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
  });

  it('a query parameter may not be a list or an object', async () => {
    const app = await startWith(adapter, fromQuery('access_token'));
    for (const query of ['access_token[]=', 'access_token[a]=']) {
      const answer = await send(app, `/me?${query}${alice}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
    expect(await send(app, `/me?__proto__[access_token]=${alice}`)).toMatchObject(
      refusal('missing_token'),
    );
  });

  describe('a list of extractors', () => {
    const list = () =>
      startWith(adapter, fromBearerHeader(), fromCookie('access_token'), fromQuery('access_token'));

    it('is tried in order', async () => {
      const app = await list();
      const cookie = `access_token=${bob}`;
      expect(await send(app, '/me', alice, { headers: { cookie } })).toMatchObject(ALICE);
      expect(
        await send(app, `/me?access_token=${alice}`, undefined, { headers: { cookie } }),
      ).toMatchObject(BOB);
      expect(await send(app, `/me?access_token=${alice}`)).toMatchObject(ALICE);
      expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
    });

    it.each([
      ['fromBearerHeader', fromBearerHeader],
      ['fromCookie', fromCookie],
      ['fromSession', fromSession],
    ])('stops the boot where %s is not called', async (name, factory) => {
      const options = pool.options({ tokenFrom: [fromHeader('x-token'), factory as never] });
      const imports = [CognitoAuthModule.forRoot(options)];
      await expect(startApp(adapter, { imports })).rejects.toMatchObject({
        name: 'CognitoAuthOptionsError',
        problems: [`"tokenFrom" has ${name} itself, which is no extractor; call it: ${name}().`],
      });
    });

    it('refuses a token behind another scheme, and says so', async () => {
      const app = await startWith(adapter, fromBearerHeader(), fromHeader('authorization'));
      const headers = { authorization: `JWT ${alice}` };
      const { status, challenge } = refusal('malformed_token');
      expect(await send(app, '/me', undefined, { headers })).toMatchObject({
        status,
        challenge,
        code: 'malformed_token',
        body: {
          message: 'The token has a scheme such as "JWT" in front of it; give it without one',
        },
      });
    });

    it('passes over credentials of another scheme', async () => {
      const app = await list();
      const headers = { authorization: 'Basic YTpi', cookie: `access_token=${bob}` };
      expect(await send(app, '/me', undefined, { headers })).toMatchObject(BOB);
    });

    it('takes a token without a scheme where one of them does', async () => {
      const app = await startWith(adapter, fromBearerHeader(), fromHeader('authorization'));
      const get = (route: string, authorization: string | string[]) =>
        send(app, route, undefined, { headers: { authorization } });
      expect(await get('/me', alice)).toMatchObject(ALICE);
      expect(await get('/me', `Bearer ${bob}`)).toMatchObject(BOB);
      expect(await get('/optional', forged)).toMatchObject(refusal('invalid_signature'));
      expect(await get('/me', `Bearer ${alice} ${bob}`)).toMatchObject(
        refusal('malformed_request'),
      );
      expect(await get('/me', [alice, bob])).toMatchObject(refusal('malformed_request'));
    });

    it('refuses a token without a scheme where none of them takes it', async () => {
      const app = await list();
      const headers = { authorization: alice, cookie: `access_token=${alice}2` };
      expect(await send(app, '/optional', undefined, { headers })).toMatchObject({
        ...refusal('malformed_request'),
        body: { message: 'The authorization header is not "Bearer", a space and one token' },
      });
    });

    it('says which scheme to write to whoever writes another one', async () => {
      const app = await list();
      const headers = { authorization: `JWT ${alice}` };
      expect(await send(app, '/me', undefined, { headers })).toMatchObject({
        ...refusal('missing_token'),
        body: {
          message:
            'The token has another scheme; this route needs "Authorization: Bearer", a space and the token',
        },
      });
      const cookies = await startWith(adapter, fromCookie('access_token'));
      expect(await send(cookies, '/me', undefined, { headers })).toMatchObject({
        ...refusal('missing_token'),
        body: { message: 'The request has no token; this route needs one' },
      });
    });

    it('does not look for a better token after a bad one', async () => {
      const app = await list();
      const cookie = `access_token=${alice}`;
      expect(await send(app, '/optional', forged, { headers: { cookie } })).toMatchObject(
        refusal('invalid_signature'),
      );
      const headers = { cookie, authorization: 'Bearer' };
      expect(await send(app, '/me', undefined, { headers })).toMatchObject(
        refusal('malformed_request'),
      );
    });
  });

  describe("passport-jwt's", () => {
    it.each<[string, TokenExtractor, (token: string) => Sent]>([
      [
        'fromAuthHeaderAsBearerToken()',
        ExtractJwt.fromAuthHeaderAsBearerToken(),
        (token) => ({ headers: { authorization: `Bearer ${token}` } }),
      ],
      [
        'fromAuthHeaderWithScheme()',
        ExtractJwt.fromAuthHeaderWithScheme('Jwt'),
        (token) => ({ headers: { authorization: `jwt ${token}` } }),
      ],
      [
        'fromHeader()',
        ExtractJwt.fromHeader('x-token'),
        (token) => ({ headers: { 'x-token': token } }),
      ],
      [
        'fromUrlQueryParameter()',
        ExtractJwt.fromUrlQueryParameter('t'),
        (token) => ({ path: `?t=${token}` }),
      ],
      [
        'fromExtractors()',
        ExtractJwt.fromExtractors([
          ExtractJwt.fromHeader('x-token'),
          ExtractJwt.fromUrlQueryParameter('t'),
        ]),
        (token) => ({ path: `?t=${token}` }),
      ],
    ])('%s works, with the same refusals', async (_, extractor, carry) => {
      const app = await startWith(adapter, extractor);
      const get = (route: string, { path = '', headers }: Sent) =>
        send(app, `${route}${path}`, undefined, { headers });
      expect(await get('/me', carry(alice))).toMatchObject(ALICE);
      expect(await get('/optional', carry(forged))).toMatchObject(refusal('invalid_signature'));
      expect(await get('/me', {})).toMatchObject(refusal('missing_token'));
      expect(await get('/optional', {})).toMatchObject(ANONYMOUS);
    });

    it('fromBodyField() works', async () => {
      const app = await startWith(adapter, ExtractJwt.fromBodyField('token'));
      const post = async (body: object) => {
        const answer = await fetch(`${await app.getUrl()}/me`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
        return (await answer.json()) as object;
      };
      expect(await post({ token: alice })).toEqual({ username: 'alice' });
      expect(await post({ token: [alice, bob] })).toMatchObject({ code: 'malformed_request' });
      expect(await post({})).toMatchObject({ code: 'missing_token' });
    });

    it('fromUrlQueryParameter() does not let two tokens in', async () => {
      const app = await startWith(adapter, ExtractJwt.fromUrlQueryParameter('t'));
      expect(await send(app, `/me?t=${alice}&t=${bob}`)).toMatchObject(
        refusal('malformed_request'),
      );
    });
  });

  it("an application's own may refuse, and a crash of it is no way in", async () => {
    const own: TokenExtractor = ({ headers }: { headers: Record<string, string> }) => {
      if (headers['x-mode'] === 'refuse') {
        throw new CognitoAuthError('malformed_request', 'The mode is wrong');
      }
      if (headers['x-mode'] === 'crash') throw new TypeError('Cannot read properties of undefined');
      return headers['x-own'];
    };
    const app = await startWith(adapter, own, fromBearerHeader());
    const get = (mode: string, route = '/me') =>
      send(app, route, alice, { headers: { 'x-mode': mode, 'x-own': bob } });
    expect(await get('')).toMatchObject(BOB);
    for (const route of ['/me', '/optional']) {
      expect(await get('refuse', route)).toMatchObject({
        ...refusal('malformed_request'),
        body: { message: 'The mode is wrong' },
      });
      expect(await get('crash', route)).toMatchObject(refusal('malformed_request'));
    }
  });

  it("an application's own may promise its answer, and a broken promise is no way in", async () => {
    const promising: TokenExtractor = async ({ headers }: { headers: Record<string, string> }) => {
      if (headers['x-mode'] === 'crash') throw new TypeError('Cannot read properties of undefined');
      if (headers['x-mode'] === 'busy') throw new ServiceUnavailableException('Try again');
      return headers['x-mode'] === 'list' ? ([alice, bob] as never) : headers['x-own'];
    };
    const app = await startWith(adapter, promising, fromBearerHeader());
    const get = (route: string, headers: Record<string, string>) =>
      send(app, route, alice, { headers });
    expect(await get('/me', { 'x-own': bob })).toMatchObject(BOB);
    expect(await get('/me', {})).toMatchObject(ALICE);
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/optional')).toMatchObject(ANONYMOUS);
    for (const route of ['/me', '/optional']) {
      expect(await get(route, { 'x-own': forged })).toMatchObject(refusal('invalid_signature'));
      expect(await get(route, { 'x-mode': 'crash' })).toMatchObject(refusal('malformed_request'));
      expect(await get(route, { 'x-mode': 'list' })).toMatchObject(refusal('malformed_request'));
      expect(await get(route, { 'x-mode': 'busy' })).toMatchObject({ status: 503 });
    }
  });
});
