import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Injectable } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder } from '@nestjs/swagger';
import {
  CognitoAuthModule,
  cognitoMiddleware,
  CognitoAuthOptionsError,
  Groups,
} from 'nestjs-cognito-auth';
import type { CognitoMiddlewareRules, GroupsProvider, IdentityResolver } from 'nestjs-cognito-auth';
import { CognitoHostedUiService } from 'nestjs-cognito-auth/hosted-ui';
import { setupCognitoSwagger } from 'nestjs-cognito-auth/swagger';
import type { LocalUserPool, LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, send, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { locationOf, refusalOf } from './browser.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ pool, server } = await startPool());
});

afterAll(() => server.close());

@Controller()
class AdminController {
  @Get('admin')
  @Groups('admin')
  admin() {
    return {};
  }
}

type Board = IncomingMessage & { user?: { username?: string; nickname?: string } };

/** What stands for a queue board: whoever gets here sees it. */
function board(request: Board, response: ServerResponse): void {
  response.end(`board of ${request.user?.nickname ?? request.user?.username}`);
}

async function start(
  adapter: Adapter,
  rules: CognitoMiddlewareRules = {},
  setup: Parameters<typeof HostedApp.start>[2] = {},
): Promise<HostedApp> {
  const hosted = await HostedApp.start(adapter, server, {
    module: { controllers: [AdminController] },
    configure: (app) => {
      app.use('/queues', cognitoMiddleware(app, rules));
      app.use('/queues', board);
    },
    ...setup,
  });
  onTestFinished(() => hosted.close());
  return hosted;
}

describe.each(ADAPTERS)('What main.ts mounts on %s', (adapter) => {
  it('finds the session of the browser', async () => {
    const hosted = await start(adapter, undefined, {
      configure: (app) => {
        const hostedUi = app.get(CognitoHostedUiService);
        // Once more does no harm.
        app.use('/whoami', hostedUi.middleware);
        app.use('/whoami', (request: IncomingMessage, response: ServerResponse) => {
          void hostedUi
            .session(request)
            .then((session) => response.end(session?.user.username ?? 'nobody'));
        });
      },
    });
    expect((await hosted.browser().open(`${APP}/whoami`)).body).toBe('nobody');
    const browser = await hosted.signedIn();
    expect((await browser.open(`${APP}/whoami`)).body).toBe('alice');
  });

  it('is told what a request lacks that nothing has connected', async () => {
    const hosted = await start(adapter);
    const hostedUi = hosted.app.get(CognitoHostedUiService);
    await expect(hostedUi.session({ headers: {} })).rejects.toThrow(
      /CognitoHostedUiService\.middleware/,
    );
  });

  it('is for bearer tokens and for sessions, and has the user', async () => {
    const hosted = await start(adapter, { groups: ['admin'] });
    const token = pool.accessToken('alice', { clientId: 'web' });
    const { status } = await send(hosted.app, '/queues/failed', token);
    expect(status).toBe(200);
    const browser = await hosted.signedIn();
    const visit = await browser.call(`${APP}/queues/failed`);
    expect([visit.status, visit.body]).toEqual([200, 'board of alice']);
  });

  it.each<[string, (pool: LocalUserPool) => Record<string, string | string[]>]>([
    ['no token', () => ({})],
    ['a group missing', () => bearing(pool.accessToken('bob', { clientId: 'web' }))],
    ['an expired token', () => bearing(expired())],
    ['an ID token', () => bearing(pool.idToken('alice', { clientId: 'web' }))],
    ['garbage', () => bearing('a.b.c')],
    ['a header that is none', () => ({ authorization: 'Bearer' })],
    ['two tokens', () => ({ authorization: 'Bearer a b' })],
    [
      'a token of somebody else',
      () => bearing(pool.forgedToken({ username: 'alice', clientId: 'web' })),
    ],
  ])('refuses %s as the guard does', async (_, headersFor) => {
    const hosted = await start(adapter, { groups: ['admin'] });
    const headers = headersFor(pool);
    const byGuard = await send(hosted.app, '/admin', undefined, { headers });
    const byMiddleware = await send(hosted.app, '/queues', undefined, { headers });
    expect(byGuard.status).toBeGreaterThanOrEqual(400);
    const { status, challenge, retryAfter, code, body } = byGuard;
    expect(byMiddleware).toMatchObject({ status, challenge, retryAfter, code, body });
  });

  it.each(['post', 'head', 'delete'] as const)('refuses %s, too', async (method) => {
    const hosted = await start(adapter);
    const { status, challenge } = await send(hosted.app, '/queues', undefined, { method });
    expect([status, challenge]).toEqual([401, 'Bearer realm="api"']);
  });

  it('refuses OPTIONS, but leaves preflights to enableCors()', async () => {
    const preflight = {
      method: 'OPTIONS',
      headers: { origin: 'https://other.example', 'access-control-request-method': 'GET' },
    };
    const hosted = await start(adapter);
    expect(refusalOf(await hosted.browser().call(`${APP}/queues`, preflight))).toEqual([
      401,
      'missing_token',
    ]);
    const withCors = await start(adapter, undefined, {
      configure: (app) => {
        app.enableCors();
        app.use('/queues', cognitoMiddleware(app));
        app.use('/queues', board);
      },
    });
    const { status, body } = await withCors.browser().call(`${APP}/queues`, preflight);
    expect([status, body]).toEqual([204, '']);
  });

  it('asks the hooks, whose failure is 503', async () => {
    const hosted = await start(
      adapter,
      { groups: ['cooks'] },
      { auth: { groups: Groupware, identity: Nicknames } },
    );
    const [alice, bob] = ['alice', 'bob'].map((name) =>
      pool.accessToken(name, { clientId: 'web' }),
    );
    const admitted = await hosted.browser().call(`${APP}/queues`, { headers: bearing(alice!) });
    expect([admitted.status, admitted.body]).toEqual([200, 'board of ALICE']);
    const failed = await send(hosted.app, '/queues', bob);
    expect(failed).toMatchObject({ status: 503, code: 'hook_failed', retryAfter: '1' });
    expect(failed.challenge).toBeUndefined();
  });

  it('leads browsers to the login and back, and nobody else', async () => {
    const hosted = await start(adapter, { groups: ['admin'], redirectToLogin: true });
    const address = `${APP}/queues/failed?page=2`;
    const browser = hosted.browser();
    const sent = await browser.navigate(address);
    expect([sent.status, sent.headers.get('cache-control')]).toEqual([302, 'no-store']);
    expect(sent.headers.get('www-authenticate')).toBeNull();
    expect(locationOf(sent).href).toBe(
      `${APP}/auth/login?returnTo=${encodeURIComponent('/queues/failed?page=2')}`,
    );
    const back = await browser.signIn(await browser.open(address), 'alice', PASSWORD);
    expect([back.url.href, back.status, back.body]).toEqual([address, 200, 'board of alice']);

    const refused = [401, 'missing_token'];
    expect(refusalOf(await hosted.browser().call(address))).toEqual(refused);
    const post = { method: 'POST' };
    expect(refusalOf(await hosted.browser().navigate(address, post))).toEqual(refused);
  });

  it('may stand before everything: who is not signed in can sign in', async () => {
    const hosted = await start(adapter, undefined, {
      configure: (app) => app.use(cognitoMiddleware(app, { redirectToLogin: true })),
    });
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/feed`);
    expect((await browser.signIn(page, 'alice', PASSWORD)).body).toBe('{"username":"alice"}');
    const stranger = hosted.browser();
    for (const path of ['/feed', '/auth', '/auth/login/x', '/AUTH/session', '//auth/session']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const refused = await stranger.call(APP + path);
      expect([path, ...refusalOf(refused)]).toEqual([path, 401, 'missing_token']);
    }
  });

  it('does not lead who lacks a group round in circles', async () => {
    const hosted = await start(adapter, { groups: ['admin'], redirectToLogin: true });
    const browser = await hosted.signedIn('bob');
    expect(refusalOf(await browser.navigate(`${APP}/queues`))).toEqual([403, 'insufficient_group']);
  });

  it('answers for itself when what is behind throws', async () => {
    const hosted = await start(adapter, undefined, {
      configure: (app) => {
        app.use('/queues', cognitoMiddleware(app));
        app.use('/queues', () => {
          throw new Error('broken');
        });
      },
    });
    const token = pool.accessToken('alice', { clientId: 'web' });
    expect((await send(hosted.app, '/queues', token)).status).toBe(500);
    expect((await send(hosted.app, '/queues')).status).toBe(401);
  });

  it.each<[string, object, string]>([
    ['an unknown rule', { group: ['admin'] }, 'cognitoMiddleware(): "group" is not a rule'],
    ['a text for a list', { groups: 'admin' }, 'cognitoMiddleware(): "groups" is not a rule'],
    ['an unknown user pool', { userPools: ['staff'] }, 'names "staff"'],
    ['an unknown login', { redirectToLogin: 'staff' }, '"redirectToLogin" must be'],
    ['a login of another type', { redirectToLogin: 1 }, '"redirectToLogin" must be'],
  ])('does not start with %s', async (_, rules, message) => {
    await expect(start(adapter, rules as CognitoMiddlewareRules)).rejects.toThrow(message);
  });

  it('does not start with a login where there is none', async () => {
    const configure = (app: INestApplication) =>
      app.use(cognitoMiddleware(app, { redirectToLogin: true }));
    const starting = startApp(
      adapter,
      { imports: [CognitoAuthModule.forRoot(server.options())] },
      { configure },
    );
    await expect(starting).rejects.toThrow(CognitoAuthOptionsError);
    await expect(starting).rejects.toThrow(/CognitoHostedUiModule\.forRoot/);
  });
});

/** Writes groups down elsewhere, and fails for bob. */
@Injectable()
class Groupware implements GroupsProvider {
  groupsOf({ claims }: { claims: object }) {
    if (Reflect.get(claims, 'username') === 'bob') throw new Error('no connection');
    return ['cooks'];
  }
}

@Injectable()
class Nicknames implements IdentityResolver {
  resolve(principal: { claims: object }) {
    return { nickname: String(Reflect.get(principal.claims, 'username')).toUpperCase() };
  }
}

function bearing(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

function expired(): string {
  return pool.accessToken('alice', { clientId: 'web', expiresIn: -60 });
}

it('An onRequest hook of Fastify asks as a middleware does', async () => {
  const hosted = await start('fastify', undefined, {
    configure: (app) => {
      const admit = cognitoMiddleware(app, { groups: ['admin'], redirectToLogin: true });
      void app
        .getHttpAdapter()
        .getInstance()
        .register((scope: Scope, _: object, done: () => void) => {
          scope.addHook('onRequest', admit);
          scope.get('/plugin', (request) => ({ by: request.user?.username }));
          done();
        });
    },
  });
  expect(await send(hosted.app, '/plugin')).toMatchObject({
    status: 401,
    code: 'missing_token',
    challenge: 'Bearer realm="api"',
  });
  const browser = hosted.browser();
  const page = await browser.open(`${APP}/plugin`);
  expect((await browser.signIn(page, 'alice', PASSWORD)).body).toBe('{"by":"alice"}');
  const bob = await hosted.signedIn('bob');
  expect(refusalOf(await bob.navigate(`${APP}/plugin`))).toEqual([403, 'insufficient_group']);
});

interface Scope {
  addHook(name: string, hook: unknown): void;
  get(path: string, handler: (request: Board) => object): void;
}

const PAGE = [
  '/docs',
  '/docs/',
  '/docs/swagger-ui-init.js',
  '/docs/swagger-ui.css',
  '/docs-json',
  '/docs-yaml',
];

describe.each(ADAPTERS)('A Swagger page with rules on %s', (adapter) => {
  const protect = { groups: ['admin'], redirectToLogin: true };
  const startPage = (options: object = {}, prefix?: string) =>
    start(adapter, undefined, {
      configure: (app) => {
        if (prefix) app.setGlobalPrefix(prefix, { exclude: ['auth/*path'] });
        const builder = new DocumentBuilder().setTitle('Orders');
        setupCognitoSwagger(app, 'docs', builder, { protect, ...options });
      },
    });

  it('is not served when they are undefined', async () => {
    await expect(startPage({ protect: undefined })).rejects.toThrow(
      '"protect" is undefined; is there a circular import? To let everybody see the page, leave it out.',
    );
  });

  it.each([
    ['', undefined, '/orders'],
    ['/', undefined, '/orders'],
    ['api', 'api', '/api/orders'],
    ['API', 'api', '/api/orders'],
    ['admin', undefined, '/admin'],
  ])('is not served at %j with the prefix %j, where routes are below it', async (...args) => {
    const [path, prefix, route] = args;
    const starting = start(adapter, undefined, {
      hostedUi: { redirectUri: `${APP}${prefix ? `/${prefix}` : ''}/auth/callback` },
      configure: (app) => {
        if (prefix) app.setGlobalPrefix(prefix);
        setupCognitoSwagger(app, path, new DocumentBuilder(), { protect });
      },
    });
    const own = path.replaceAll('/', '');
    await expect(starting).rejects.toThrow(
      `setupCognitoSwagger() cannot start, an option is wrong:\n  - "protect" needs a path of the page that has nothing else below it, such as "docs"; ${route} is below "${own && `/${own}`}"`,
    );
  });

  it('is for those alone who satisfy them, with all its files', async () => {
    const hosted = await startPage();
    const [browser, stranger] = [await hosted.signedIn(), hosted.browser()];
    const bob = await hosted.signedIn('bob');
    const visits = PAGE.map(async (path) => [
      path,
      refusalOf(await stranger.call(APP + path)),
      refusalOf(await bob.call(APP + path)),
      (await browser.open(APP + path)).status,
    ]);
    const anonymous = [401, 'missing_token'];
    const other = [403, 'insufficient_group'];
    expect(await Promise.all(visits)).toEqual(PAGE.map((path) => [path, anonymous, other, 200]));
    expect(locationOf(await stranger.navigate(`${APP}/docs`)).search).toBe('?returnTo=%2Fdocs');
  });

  it.each([
    '/DOCS',
    '/Docs-JSON',
    '//docs',
    '/%64ocs',
    '/docs%2Djson',
    '/docs-json/',
    '/./docs',
    '/docs;x',
    '/docs//',
  ])('does not come out at %s', async (path) => {
    const hosted = await startPage();
    const { status, body } = await send(hosted.app, path);
    expect([301, 302, 401, 404]).toContain(status);
    expect(JSON.stringify(body)).not.toContain('openapi');
  });

  it('is found below a prefix, and where its documents are called otherwise', async () => {
    const setupOptions = {
      useGlobalPrefix: true,
      jsonDocumentUrl: 'spec.json',
      yamlDocumentUrl: '/spec.yaml',
    };
    const hosted = await startPage({ setupOptions }, 'api');
    const browser = await hosted.signedIn();
    const paths = ['/api/docs', '/api/spec.json', '/api/spec.yaml'];
    const visits = paths.map(async (path) => [
      path,
      (await send(hosted.app, path)).status,
      (await browser.open(APP + path)).status,
    ]);
    expect(await Promise.all(visits)).toEqual(paths.map((path) => [path, 401, 200]));
  });
});
