import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { Controller, Get, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { assertNoUnprotectedRoutes, CognitoAuthService } from 'nestjs-cognito-auth';
import { LocalUserPool, type LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AppModule } from '../apps/demo/src/app.module.js';
import { bannerOf } from '../apps/demo/src/banner.js';
import type { DemoConfiguration } from '../apps/demo/src/configuration.js';
import { createApp } from '../apps/demo/src/create-app.js';
import { type Demo, startDemo } from '../apps/demo/src/demo.js';
import { LocalPool } from '../apps/demo/src/local-pool.js';
import { SetupError } from '../apps/demo/src/setup-error.js';
import { signInOf } from '../apps/demo/src/sign-in.js';
import { type BuiltDemo, buildDemo, type DemoProcess } from './demo.process.js';

const MINUTES = 60_000;
const NO_ERROR = /^Bearer realm="api"$/;
const INVALID = /^Bearer realm="api", error="invalid_token", error_description="[^"]+"$/;
const NO_ERROR_READ = /^Bearer realm="api", scope="orders\/read"$/;
const NO_ERROR_WRITE = /^Bearer realm="api", scope="orders\/write"$/;
const READ = /^Bearer realm="api", error="insufficient_scope", .*, scope="orders\/read"$/;
const WRITE = /^Bearer realm="api", error="insufficient_scope", .*, scope="orders\/write"$/;

const URL_OF_NOBODY = 'http://localhost:3000';
const ANY_PORTS = { host: '127.0.0.1', port: 0, poolPort: 0 };

/** The tokens that requests are sent with: where the demo hands them out, and which one it is. */
const TOKENS = {
  alice: ['alice', 'access_token'],
  bob: ['bob', 'access_token'],
  carol: ['carol', 'access_token'],
  'a machine': ['demo_machine', 'access_token'],
  'alice with orders/write': ['alice?scope=openid+orders/write', 'access_token'],
  'alice with openid only': ['alice?scope=openid', 'access_token'],
  'a machine with orders/read only': ['demo_machine?scope=orders/read', 'access_token'],
  'alice with her ID token': ['alice', 'id_token'],
} as const;

type Sender = keyof typeof TOKENS | 'nobody' | 'somebody with a bad token';

type Admission = [request: string, sender: Sender, status: 200 | 201, body: unknown];

const ADMISSIONS: Admission[] = [
  ['GET /health', 'nobody', 200, { status: 'ok' }],
  ['GET /health', 'somebody with a bad token', 200, { status: 'ok' }],
  ['GET /me', 'bob', 200, { kind: 'user', username: 'bob', tokenUse: 'access', groups: [] }],
  ['GET /me', 'alice', 200, { username: 'alice', groups: ['admin', 'auditor'] }],
  [
    'GET /me',
    'bob',
    200,
    {
      email: 'bob@example.com',
      name: 'Bob Brandt',
      clientId: 'demo_web',
      scopes: ['openid', 'email', 'profile', 'orders/read'],
      account: { id: expect.any(Number) as number, username: 'bob', email: 'bob@example.com' },
    },
  ],
  ['GET /me', 'a machine', 200, { kind: 'client', clientId: 'demo_machine', account: null }],
  ['GET /me/claims', 'bob', 200, { username: 'bob', token_use: 'access', client_id: 'demo_web' }],
  [
    'GET /profile',
    'alice with her ID token',
    200,
    { username: 'alice', name: 'Alice Ahmed', email: 'alice@example.com', tenant: 'acme' },
  ],
  ['GET /admin', 'alice', 200, { message: 'alice is an admin' }],
  ['GET /reports', 'alice', 200, [{ title: 'Orders of last month' }]],
  ['GET /reports', 'carol', 200, [{ title: 'Orders of last month' }]],
  ['GET /vault', 'alice', 200, { combination: [4, 8, 15] }],
  ['GET /orders', 'bob', 200, [{ item: 'teapot' }, { item: 'cup' }]],
  ['GET /orders', 'a machine', 200, [{ item: 'teapot' }, { item: 'cup' }]],
  ['POST /orders', 'alice with orders/write', 201, { placedBy: 'alice' }],
  ['POST /orders', 'a machine', 201, { placedBy: 'demo_machine' }],
  ['DELETE /orders/7', 'alice', 200, { id: '7', deletedBy: 'alice' }],
  ['DELETE /orders/7', 'carol', 200, { id: '7', deletedBy: 'carol' }],
  ['GET /feed', 'nobody', 200, { greeting: 'Hello, stranger' }],
  ['GET /feed', 'bob', 200, { greeting: 'Hello, bob' }],
  ['GET /jobs', 'a machine', 200, { worker: 'demo_machine' }],
];

type Refusal = [
  request: string,
  sender: Sender,
  status: 401 | 403,
  code: string,
  challenge: RegExp,
];

const REFUSALS: Refusal[] = [
  ['GET /me', 'nobody', 401, 'missing_token', NO_ERROR],
  ['GET /me', 'somebody with a bad token', 401, 'malformed_token', INVALID],
  ['GET /me', 'alice with her ID token', 401, 'wrong_token_use', INVALID],
  ['GET /me/claims', 'nobody', 401, 'missing_token', NO_ERROR],
  ['GET /me/claims', 'alice with her ID token', 401, 'wrong_token_use', INVALID],
  ['GET /profile', 'nobody', 401, 'missing_token', NO_ERROR],
  ['GET /profile', 'alice', 401, 'wrong_token_use', INVALID],
  ['GET /admin', 'nobody', 401, 'missing_token', NO_ERROR],
  ['GET /admin', 'bob', 403, 'insufficient_group', NO_ERROR],
  ['GET /admin', 'carol', 403, 'insufficient_group', NO_ERROR],
  ['GET /reports', 'nobody', 401, 'missing_token', NO_ERROR],
  ['GET /reports', 'bob', 403, 'insufficient_group', NO_ERROR],
  ['GET /vault', 'nobody', 401, 'missing_token', NO_ERROR],
  ['GET /vault', 'carol', 403, 'insufficient_group', NO_ERROR],
  ['GET /orders', 'nobody', 401, 'missing_token', NO_ERROR_READ],
  ['GET /orders', 'alice with openid only', 403, 'insufficient_scope', READ],
  ['POST /orders', 'nobody', 401, 'missing_token', NO_ERROR_WRITE],
  ['POST /orders', 'alice', 403, 'insufficient_scope', WRITE],
  ['POST /orders', 'a machine with orders/read only', 403, 'insufficient_scope', WRITE],
  ['DELETE /orders/7', 'nobody', 401, 'missing_token', NO_ERROR],
  ['DELETE /orders/7', 'bob', 403, 'insufficient_permission', NO_ERROR],
  ['DELETE /orders/7', 'a machine', 403, 'insufficient_permission', NO_ERROR],
  ['POST /admin/users/alice/revoke', 'nobody', 401, 'missing_token', NO_ERROR],
  ['POST /admin/users/alice/revoke', 'bob', 403, 'insufficient_group', NO_ERROR],
  ['POST /admin/users/alice/revoke', 'a machine', 403, 'insufficient_group', NO_ERROR],
  ['GET /feed', 'somebody with a bad token', 401, 'malformed_token', INVALID],
  ['GET /jobs', 'nobody', 401, 'missing_token', NO_ERROR],
  ['GET /jobs', 'alice', 403, 'wrong_principal', NO_ERROR],
];

describe.each(['express', 'fastify'] as const)('The demo on %s', (adapter) => {
  let demo: Demo;

  beforeAll(async () => {
    demo = await startDemo({ adapter, ...ANY_PORTS });
  });

  afterAll(() => demo.close());

  const tokenOf = async (sender: Sender): Promise<string | undefined> => {
    if (sender === 'nobody') return undefined;
    if (sender === 'somebody with a bad token') return 'not.a.token';
    const [name, kind] = TOKENS[sender];
    const tokens = await fetch(`${demo.url}/demo/token/${name}`);
    return ((await tokens.json()) as Record<string, string>)[kind];
  };

  const send = async (request: string, sender: Sender): Promise<Response> => {
    const [method, path] = request.split(' ');
    const token = await tokenOf(sender);
    const headers = token ? { authorization: `Bearer ${token}` } : undefined;
    return fetch(demo.url + path, { method, headers });
  };

  it.each(ADMISSIONS)('answers %s from %s with %i', async (request, sender, status, body) => {
    const response = await send(request, sender);

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject(body as object);
  });

  it.each(REFUSALS)(
    'answers %s from %s with %i and the code %s',
    async (request, sender, status, code, challenge) => {
      const response = await send(request, sender);

      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ statusCode: status, code });
      expect(response.headers.get('www-authenticate')).toMatch(challenge);
    },
  );

  it('has the routes that are tested here, and no other', async () => {
    const { paths } = (await (await fetch(`${demo.url}/docs-json`)).json()) as OpenApi;
    const documented = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );

    const tested = [...ADMISSIONS, ...REFUSALS].map(([request]) => request);
    const untested = documented.filter((route) => !tested.some((one) => isFor(route, one)));
    const unknown = tested.filter((one) => !documented.some((route) => isFor(route, one)));
    expect(untested).toEqual(['GET /demo/token/{username}']);
    expect(unknown).toEqual([]);
  });

  it('serves a Swagger page', async () => {
    const page = await fetch(`${demo.url}/docs`);

    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('swagger-ui');
  });

  it('says in its document what the guard asks for', async () => {
    const { paths } = (await (await fetch(`${demo.url}/docs-json`)).json()) as OpenApi;

    expect(paths['/health']?.['get']).toMatchObject({ security: [] });
    expect(paths['/admin']?.['get']).toMatchObject({
      security: expect.arrayContaining([{ cognito: [] }]) as unknown,
      responses: { 401: expect.anything(), 403: expect.anything() },
      description: expect.stringContaining('Requires group: admin'),
    });
    expect(paths['/orders']?.['post']).toMatchObject({
      security: expect.arrayContaining([{ cognito: ['orders/write'] }]) as unknown,
    });
    expect(paths['/feed']?.['get']).toMatchObject({
      security: expect.arrayContaining([{}, { cognito: [] }]),
    });
  });

  it('hands out no token to somebody whom its user pool does not know', async () => {
    const response = await fetch(`${demo.url}/demo/token/zoe`);

    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      message: 'There are tokens for alice, bob, carol and demo_machine only',
    });
  });

  it.each(['alice?scope=orders/delete', 'demo_machine?scope=openid', 'alice?scope=a&scope=b'])(
    'hands out no token for %s, a scope that is not allowed',
    async (name) => {
      const response = await fetch(`${demo.url}/demo/token/${name}`);

      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        message: expect.stringMatching(/^The scopes of \w+ are .*orders\/read/) as string,
      });
    },
  );

  it('hands out an ID token only with the scope openid', async () => {
    const tokens = await (await fetch(`${demo.url}/demo/token/alice?scope=orders/read`)).json();

    expect(Object.keys(tokens as object)).toEqual(['access_token', 'token_type', 'expires_in']);
  });
});

describe.each(['express', 'fastify'] as const)('Revocation by an admin, on %s', (adapter) => {
  let demo: Demo;

  beforeAll(async () => {
    demo = await startDemo({ adapter, ...ANY_PORTS });
  });

  afterAll(() => demo.close());

  const signIn = async (username: string): Promise<string> => {
    const tokens = await fetch(`${demo.url}/demo/token/${username}`);
    return ((await tokens.json()) as { access_token: string }).access_token;
  };

  const send = async (path: string, token: string, method = 'GET'): Promise<Response> =>
    fetch(demo.url + path, { method, headers: { authorization: `Bearer ${token}` } });

  it('ends what the user has now, and leaves other users alone', async () => {
    const admin = await signIn('alice');
    const [phone, laptop] = [await signIn('bob'), await signIn('bob')];
    expect((await send('/me', phone)).status).toBe(200);

    const revocation = await send('/admin/users/bob/revoke', admin, 'POST');

    expect(revocation.status).toBe(200);
    expect(await revocation.json()).toMatchObject({ username: 'bob' });
    for (const token of [phone, laptop]) {
      const refused = await send('/me', token);
      expect(refused.status).toBe(401);
      expect(await refused.json()).toMatchObject({ code: 'token_revoked' });
      expect(refused.headers.get('www-authenticate')).toMatch(INVALID);
    }
    expect((await send('/me', admin)).status).toBe(200);
  });

  it('lets the user sign in again', async () => {
    const [admin, before] = [await signIn('alice'), await signIn('carol')];
    await send('/admin/users/carol/revoke', admin, 'POST');
    expect((await send('/me', before)).status).toBe(401);

    // Until the second of the revocation is over.
    await vi.waitUntil(async () => (await send('/me', await signIn('carol'))).status === 200, {
      timeout: 10_000,
    });

    expect((await send('/me', before)).status).toBe(401);
  });

  it('answers 404 for a user who was never here', async () => {
    const answer = await send('/admin/users/zoe/revoke', await signIn('alice'), 'POST');

    expect(answer.status).toBe(404);
  });
});

describe('The routes of the demo', () => {
  let localPool: LocalPool;

  beforeAll(async () => {
    localPool = await LocalPool.create(3000);
  });

  it.each(['express', 'fastify'] as const)(
    'are protected, or public on purpose, on %s',
    async (adapter) => {
      const app = await createApp({ adapter }, URL_OF_NOBODY, localPool);

      expect(app.get(CognitoAuthService).routes()).toHaveLength(26);
      expect(() => assertNoUnprotectedRoutes(app)).not.toThrow();
      await app.close();
    },
  );

  it('would fail this test with a controller that nobody protected', async () => {
    @Controller('forgotten')
    class ForgottenController {
      @Get()
      list() {}
    }
    const app = await Test.createTestingModule({
      imports: [AppModule.forRoot(signInOf({}, URL_OF_NOBODY, localPool), localPool)],
      controllers: [ForgottenController],
    }).compile();

    expect(() => assertNoUnprotectedRoutes(app)).toThrow(
      'GET /forgotten (ForgottenController.list)',
    );
    await app.close();
  });
});

describe('A demo that is closed', () => {
  it('closes its user pool, too', async () => {
    const demo = await startDemo({ adapter: 'express', ...ANY_PORTS });
    const issuer = demo.localPool?.issuer ?? '';
    expect((await fetch(`${issuer}/.well-known/jwks.json`)).status).toBe(200);

    await demo.close();

    await expect(fetch(`${issuer}/.well-known/jwks.json`)).rejects.toThrow('fetch failed');
    await expect(fetch(demo.url)).rejects.toThrow('fetch failed');
  });
});

describe('A demo that cannot start', () => {
  let taken: TakenPort;

  beforeAll(async () => {
    taken = await takePort();
  });

  afterAll(() => taken.release());

  const refusalOf = async (configuration: DemoConfiguration): Promise<string> => {
    const error = await startDemo(configuration).catch((reason: Error) => reason);
    // Or the next demo would write what Nest held back of this one.
    Logger.overrideLogger(false);
    Logger.flush();
    return error instanceof SetupError ? error.message : 'no refusal';
  };

  it.each(['express', 'fastify'] as const)(
    'says that its port is taken, on %s',
    async (adapter) => {
      const { port } = taken;

      expect(await refusalOf({ adapter, ...ANY_PORTS, port })).toBe(
        `Port ${port} is taken: stop what listens there, or set PORT to another port.`,
      );
    },
  );

  it('says that the port of its user pool is taken', async () => {
    const { port } = taken;

    expect(await refusalOf({ adapter: 'express', ...ANY_PORTS, poolPort: port })).toBe(
      `Port ${port} is taken: stop what listens there, or set DEMO_POOL_PORT to another port.`,
    );
  });

  it('says that its host is none', async () => {
    // An address for documentation (RFC 5737), so it is nobody's.
    const host = '203.0.113.1';

    expect(await refusalOf({ adapter: 'express', ...ANY_PORTS, host })).toBe(
      'DEMO_HOST must be an address of this machine, got "203.0.113.1".',
    );
  });

  it('gives the port of the API back', async () => {
    const free = await takePort();
    free.release();
    const configuration = { adapter: 'express', ...ANY_PORTS, port: free.port } as const;

    expect(await refusalOf({ ...configuration, poolPort: taken.port })).toContain('is taken');

    const demo = await startDemo(configuration);
    expect(demo.url).toBe(`http://localhost:${free.port}`);
    await demo.close();
  });
});

describe('A demo that is open to others', () => {
  it('says so', async () => {
    const demo = await startDemo({ adapter: 'express', ...ANY_PORTS, host: '0.0.0.0' });
    try {
      expect(bannerOf(demo)).toContain('DEMO_HOST is 0.0.0.0: whoever reaches it');
      expect((await fetch(`${demo.url}/health`)).status).toBe(200);
    } finally {
      await demo.close();
    }
  });
});

describe('npm start', () => {
  let built: BuiltDemo;

  beforeAll(async () => {
    built = await buildDemo();
  }, 2 * MINUTES);

  afterAll(() => built.remove());

  const start = (variables: Record<string, string> = {}): DemoProcess =>
    built.start({ PORT: '0', DEMO_POOL_PORT: '0', ...variables });

  describe('without configuration', () => {
    let demo: DemoProcess;
    let banner: string;

    beforeAll(async () => {
      demo = start();
      banner = await demo.banner();
    });

    afterAll(() => demo.stop());

    it('prints users, and for each a curl that works when it is pasted', async () => {
      expect(banner).toMatch(/alice +password alice-password +groups admin, auditor\n/);
      expect(banner).toMatch(/bob +password bob-password +no groups\n/);
      expect(banner).toMatch(/carol +password carol-password +groups analyst\n/);
      expect(banner).toContain('demo_machine, secret demo-machine-secret');
      const lines = linesIn(banner, /^curl -i /);
      const answers = await Promise.all(lines.map((line) => paste(line)));
      expect(answers.map((answer) => answer.split('\r\n')[0])).toEqual([
        'HTTP/1.1 200 OK',
        'HTTP/1.1 403 Forbidden',
        'HTTP/1.1 200 OK',
        'HTTP/1.1 200 OK',
        'HTTP/1.1 201 Created',
      ]);
      expect(answers[1]).toContain('"code":"insufficient_group"');
    });

    it('prints more lines that get tokens when they are pasted', async () => {
      const lines = linesIn(banner, /^ {2}curl -s /);
      const answers = await Promise.all(lines.map((line) => paste(line)));

      expect(answers.map((answer) => Object.keys(JSON.parse(answer) as object))).toEqual([
        ['access_token', 'id_token', 'token_type', 'expires_in'],
        ['access_token', 'id_token', 'token_type', 'expires_in'],
        ['access_token', 'expires_in', 'token_type'],
      ]);
    });

    it('prints the address of the Swagger page', async () => {
      const page = await fetch(/^Swagger +(\S+)$/m.exec(banner)?.[1] ?? '');

      expect(page.status).toBe(200);
      expect(await page.text()).toContain('swagger-ui');
    });

    it('writes nothing else', () => {
      expect(banner).toMatch(/^\nThe demo accepts the tokens of http:\/\/localhost:/);
      expect(demo.stderr).toBe('');
    });

    it('is reached on this machine only', async () => {
      const { port } = new URL(urlIn(banner));

      // 127.0.0.2 is this machine, too; only who listens on all addresses is found there.
      await expect(fetch(`http://127.0.0.2:${port}/health`)).rejects.toThrow('fetch failed');
    });
  });

  it.each([
    ['express', 'Express', 'SIGINT'],
    ['fastify', null, 'SIGTERM'],
  ] as const)(
    'runs on %s with DEMO_ADAPTER, and ends on a signal',
    async (adapter, poweredBy, signal) => {
      const demo = start({ DEMO_ADAPTER: adapter });

      // The connection of this request stays open.
      const { headers } = await fetch(`${urlIn(await demo.banner())}/health`);
      expect(headers.get('x-powered-by')).toBe(poweredBy);
      expect(await demo.stop(signal)).toBe(signal);
      expect(demo.stderr).toBe('');
    },
  );

  describe('with COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID', () => {
    let pool: LocalUserPool;
    let server: LocalUserPoolServer;
    let taken: TakenPort;
    let demo: DemoProcess;
    let banner: string;

    beforeAll(async () => {
      pool = await LocalUserPool.create({
        userPoolId: 'eu-west-1_AbCdEf123',
        issuer: 'https://issuer.invalid/eu-west-1_AbCdEf123',
        users: [
          { username: 'dora', email: 'dora@example.com', groups: ['admin'] },
          { username: 'erin', email: 'erin@example.com' },
        ],
      });
      server = await pool.listen();
      taken = await takePort();
      demo = start({
        COGNITO_USER_POOL_ID: pool.userPoolId,
        COGNITO_CLIENT_ID: pool.clientId,
        COGNITO_ISSUER: pool.issuer,
        COGNITO_JWKS_URI: server.jwksUri,
        DEMO_POOL_PORT: String(taken.port),
      });
      banner = await demo.banner();
    });

    afterAll(async () => {
      await demo.stop();
      await server.close();
      taken.release();
    });

    it('accepts the tokens of that user pool, in the line that it prints, too', async () => {
      const [line = ''] = linesIn(banner, /curl/);
      const answer = await paste(line, { TOKEN: pool.accessToken('dora') });

      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain('"username":"dora"');
    });

    const send = async (path: string, token: string, method = 'GET'): Promise<Response> =>
      fetch(urlIn(banner) + path, { method, headers: { authorization: `Bearer ${token}` } });

    it('gives a user a row at the first request, and only one when many come at a time', async () => {
      const token = pool.accessToken('erin');
      const answers = await Promise.all(Array.from({ length: 8 }, () => send('/me', token)));
      const users = (await Promise.all(answers.map((answer) => answer.json()))) as Me[];

      expect(answers.map(({ status }) => status)).toEqual(Array<number>(8).fill(200));
      expect(new Set(users.map(({ account }) => account.id)).size).toBe(1);
      expect(users[0]).toMatchObject({
        username: 'erin',
        account: { username: 'erin', userPoolId: pool.userPoolId, email: null },
      });
    });

    it('learns from an ID token what an access token does not say', async () => {
      const before = (await (await send('/me', pool.accessToken('dora'))).json()) as Me;
      expect((await send('/profile', pool.idToken('dora'))).status).toBe(200);

      const after = (await (await send('/me', pool.accessToken('dora'))).json()) as Me;

      expect(before.email).toBeUndefined();
      expect(after).toMatchObject({
        email: 'dora@example.com',
        account: { id: before.account.id },
      });
    });

    it('gives permissions to the groups that have the name of a role', async () => {
      expect((await send('/orders/7', pool.accessToken('dora'), 'DELETE')).status).toBe(200);

      const refused = await send('/orders/7', pool.accessToken('erin'), 'DELETE');

      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({ code: 'insufficient_permission' });
    });

    it('revokes the tokens of a user of that user pool', async () => {
      const token = pool.accessToken('erin');
      expect((await send('/me', token)).status).toBe(200);
      const path = '/admin/users/erin/revoke';
      expect((await send(path, pool.accessToken('dora'), 'POST')).status).toBe(200);

      expect(await (await send('/me', token)).json()).toMatchObject({ code: 'token_revoked' });
      const later = { iat: Math.floor(Date.now() / 1000) + 1 };
      expect((await send('/me', pool.accessToken('erin', { claims: later }))).status).toBe(200);
    });

    it('has no tokens to hand out', async () => {
      expect((await fetch(`${urlIn(banner)}/demo/token/alice`)).status).toBe(404);
      const document = await (await fetch(`${urlIn(banner)}/docs-json`)).text();
      expect(document).not.toContain('/demo/token');
    });

    it('starts no local user pool, whose port is taken, and does not speak of one', () => {
      expect(banner).toContain('the user pool eu-west-1_AbCdEf123');
      expect(banner).not.toMatch(/local_demo|password|secret|alice|demo\/token/);
    });
  });

  describe('as npm run routes', () => {
    it('prints who may call what, and ends', async () => {
      const routes = built.routes();

      expect(await routes.ended()).toBe(0);
      expect(routes.stderr).toBe('');
      const lines = routes.stdout.trimEnd().split('\n');
      expect(lines).toHaveLength(27);
      expect(lines[0]).toMatch(/^Method +Path +Rule +Handler$/);
      expect(lines).toContainEqual(
        expect.stringMatching(/^GET +\/health +public +HealthController/),
      );
      expect(lines).toContainEqual(
        expect.stringMatching(/^DELETE +\/orders\/:id +permission orders:delete +OrdersController/),
      );
    });

    it('prints the routes that there are on another user pool', async () => {
      const routes = built.routes({
        COGNITO_USER_POOL_ID: 'eu-west-1_AbCdEf123',
        COGNITO_CLIENT_ID: '1h57kf5cpq17m0eml12EXAMPLE',
      });

      expect(await routes.ended()).toBe(0);
      expect(routes.stdout).toMatch(/^GET +\/me +authenticated/m);
      expect(routes.stdout).not.toContain('/demo/token');
    });

    it('says in one line what is wrong', async () => {
      const routes = built.routes({ DEMO_ADAPTER: 'koa' });

      expect(await routes.ended()).toBe(1);
      expect(routes.stdout).toBe('');
      expect(routes.stderr).toBe('DEMO_ADAPTER must be express or fastify, got "koa".\n');
    });
  });

  describe('with something that is wrong', () => {
    it('ends with one line about a port that is taken', async () => {
      const taken = await takePort();
      const demo = start({ PORT: String(taken.port) });

      expect(await demo.ended()).toBe(1);
      taken.release();
      expect(demo.stdout).toBe('');
      expect(demo.stderr).toMatch(/^Port \d+ is taken: .* set PORT to another port\.\n$/);
    });

    it('ends with one line about a variable', async () => {
      const demo = start({ PORT: 'abc' });

      expect(await demo.ended()).toBe(1);
      expect(demo.stdout).toBe('');
      expect(demo.stderr).toMatch(/^PORT must be a port, .*, got "abc"\.\n$/);
    });

    it('lists every wrong option of the module, without a stack trace', async () => {
      const demo = start({ COGNITO_USER_POOL_ID: 'my-pool', COGNITO_CLIENT_ID: 'not a client' });

      expect(await demo.ended()).toBe(1);
      expect(demo.stdout).toBe('');
      expect(demo.stderr.trimEnd().split('\n')).toEqual([
        'CognitoAuthModule cannot start, 2 options are wrong:',
        expect.stringMatching(/^ {2}- "COGNITO_USER_POOL_ID" must .*, got "my-pool"/),
        expect.stringMatching(/^ {2}- "COGNITO_CLIENT_ID" must .*, got "not a client"/),
      ]);
    });
  });
});

interface Me {
  email?: string;
  account: { id: number };
}

interface OpenApi {
  paths: Record<string, Record<string, object>>;
}

/** Whether a request goes to a route that is written with its parameters in braces. */
function isFor(route: string, request: string): boolean {
  return new RegExp(`^${route.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(request);
}

function linesIn(text: string, pattern: RegExp): string[] {
  return text.split('\n').filter((line) => pattern.test(line));
}

function urlIn(banner: string): string {
  return /^API +(\S+)$/m.exec(banner)?.[1] ?? '';
}

async function paste(line: string, variables: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-c', line], {
    env: { PATH: process.env['PATH'], ...variables },
  });
  return stdout;
}

interface TakenPort {
  readonly port: number;
  release(): void;
}

async function takePort(): Promise<TakenPort> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { port, release: () => void server.close() };
}
