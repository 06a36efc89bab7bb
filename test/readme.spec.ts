import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type INestApplication, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { createClient } from 'graphql-ws';
import { CognitoAuthError, CognitoAuthModule } from 'nestjs-cognito-auth';
import { CognitoHostedUiError } from 'nestjs-cognito-auth/hosted-ui';
import {
  type LocalClientSetup,
  LocalUserPool,
  type LocalUserPoolServer,
} from 'nestjs-cognito-auth/testing';
import { firstValueFrom } from 'rxjs';
import ts from 'typescript';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { configurationOf } from '../apps/demo/src/configuration.js';
import { type Demo, startDemo } from '../apps/demo/src/demo.js';
import { REDIS_PROGRAM, RedisServer } from './authorization/redis.server.js';
import { Browser, type Visit } from './hosted-ui/browser.js';
import {
  type DocumentedOption,
  documentedHostedUiOptions,
  documentedOptions,
  exportedDecorators,
  hostedUiCodes,
  thrownCodes,
} from './library.source.js';
import {
  anchorsIn,
  codeBlocksIn,
  type Exchange,
  exchangesIn,
  sectionOf,
  tableIn,
  typed,
} from './markdown.js';
import { freePort } from './support/free-port.js';

const MINUTE = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const readme = read('README.md');
const blocks = codeBlocksIn(readme);
const snippets = blocks.filter(({ language }) => language === 'ts').map(({ code }) => code);
const [firstSession, demoSession] = blocks
  .filter(({ language }) => language === 'console')
  .map(({ code }) => exchangesIn(code));

// The project of a stranger: every snippet is a file of it, named in its first line.
const folder = mkdtempSync(join(tmpdir(), 'readme-'));
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
for (const code of snippets) writeFileSync(join(folder, nameOf(code)), code);
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
const tsconfig = join(folder, 'tsconfig.json');
const project = {
  extends: join(root, 'tsconfig.json'),
  compilerOptions: { rootDir: '/' },
  include: ['*.ts'],
  exclude: [],
};
writeFileSync(tsconfig, JSON.stringify(project));
afterAll(() => rmSync(folder, { recursive: true }));

const imported = async <T>(name: string): Promise<T> =>
  (await import(join(folder, `${name}.ts`))) as T;

describe('The README', () => {
  it('shows how to protect a route before line 40', () => {
    const [, , session] = blocks;

    expect(session?.language).toBe('console');
    expect(session?.line).toBeLessThan(40);
  });

  it('names in its install lines what a Nest application does not have yet', () => {
    const { name, peerDependencies, peerDependenciesMeta } = JSON.parse(
      read('libs/cognito-auth/package.json'),
    ) as Manifest;
    const inEveryApp = new Set(['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs']);
    const missing = Object.keys(peerDependencies).filter(
      (peer) => !inEveryApp.has(peer) && !peerDependenciesMeta[peer]?.optional,
    );

    expect(missing).toEqual(['@nestjs/passport', 'passport']);
    const lines = blocks[0]?.code.trimEnd().split('\n') ?? [];
    expect(lines.map((line) => line.replace(/ +#.*/, ''))).toEqual([
      `npm install ${name} @nestjs/passport passport`,
      `npm install ${name} @nestjs/passport@11 passport`,
    ]);
  });

  it('links to nothing that is not there', () => {
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    const inside = links.filter((target) => target.startsWith('#'));
    const files = links.filter((target) => !/^(#|https:)/.test(target));

    expect(inside.filter((target) => !anchorsIn(readme).includes(target.slice(1)))).toEqual([]);
    expect(files.filter((target) => !existsSync(join(root, target)))).toEqual([]);
    expect(files).toContain('SECURITY.md');
  });

  it('names what the package and its tests support', () => {
    const { engines, peerDependencies } = JSON.parse(
      read('libs/cognito-auth/package.json'),
    ) as Manifest;
    const compilers = ['nest11-cjs', 'nest12-esm'].map((app) => {
      const fixture = JSON.parse(read(`test/fixtures/${app}/package.json`)) as Manifest;
      return fixture.devDependencies['typescript']?.match(/\d+\.\d+/)?.[0];
    });

    const table = new Map(
      tableIn(sectionOf(readme, '## Compatibility')).map(([name, value]) => [name, value]),
    );
    expect(table.get('Node.js')?.replaceAll('\\|', '|')).toBe(`\`${engines.node}\``);
    expect(peerDependencies['@nestjs/core']).toBe('^11.0.1 || ^12.0.0');
    expect(table.get('Nest')).toMatch(/^11 and 12;/);
    expect(table.get('TypeScript')).toContain(compilers.join(' and '));
  });
});

describe('The README of the package', () => {
  const packageReadme = read('libs/cognito-auth/README.md');

  it('begins as that of the repository does', () => {
    const beginning = readme.slice(0, readme.indexOf('\n## '));

    expect(packageReadme.startsWith(beginning)).toBe(true);
  });

  it('links to no file, because the registry has none of ours', () => {
    const links = [...packageReadme.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);

    expect(links.filter((target) => !/^(#|https:)/.test(target))).toEqual([]);
  });
});

describe('The tables of the README', () => {
  it('have every option with its default and its variable', () => {
    const options = documentedOptions().map(withDefaults);
    const rows = tableIn(sectionOf(readme, '## Options')).map(([name, fallback, variable]) => ({
      name: unquoted(name),
      fallback,
      variable: unquoted(variable),
    }));
    expect(byName(rows)).toEqual(byName(options));
  });

  it('have every option of the hosted pages with its default', () => {
    const options = documentedHostedUiOptions().map(withDefaults);
    const rows = tableIn(sectionOf(readme, '#### Options of the hosted pages')).map(
      ([name, fallback]) => ({ name: unquoted(name), fallback, variable: '' }),
    );
    expect(byName(rows)).toEqual(byName(options));
  });

  it('have every error of the hosted pages, with its status', () => {
    const codes = hostedUiCodes().map((code) => ({
      name: code,
      status: new CognitoHostedUiError(code, '').getStatus(),
    }));

    const rows = tableIn(sectionOf(readme, '#### Errors of the hosted pages')).map(
      ([code, status]) => ({ name: unquoted(code), status: Number(status) }),
    );
    expect(codes.length).toBeGreaterThan(0);
    expect(byName(rows)).toEqual(byName(codes));
  });

  it('have every decorator', () => {
    const rows = tableIn(sectionOf(readme, '## Decorators'));

    const named = rows.map(([cell = '']) => ({ name: /^`@(\w+)\(/.exec(cell)?.[1] ?? cell }));
    expect(byName(named)).toEqual(byName(exportedDecorators().map((name) => ({ name }))));
  });

  it('have every error that is thrown, with its status and its challenge', () => {
    const rows = tableIn(sectionOf(readme, '## Errors')).map(([code, status, challenge]) => ({
      name: unquoted(code),
      status: Number(status),
      challenge: unquoted(challenge),
    }));

    const thrown = thrownCodes().map((code) => {
      const error = new CognitoAuthError(code, '');
      const challenge = error.challenge('api');
      const name = /error="(\w+)"/.exec(challenge ?? '')?.[1] ?? 'no error';
      return { name: code, status: error.getStatus(), challenge: challenge ? name : 'none' };
    });
    expect(byName(rows)).toEqual(byName(thrown));
  });

  it('have every variable of the demo with its default', () => {
    const source = read('apps/demo/src/configuration.ts');
    const variables = new Set(
      [...source.matchAll(/'(PORT|DEMO_\w+|COGNITO_(?:DOMAIN|CLIENT_SECRET))'/g)].map(
        ([, name]) => name,
      ),
    );
    const { port, poolPort, adapter, host } = configurationOf({});

    const rows = tableIn(sectionOf(readme, '## Try it without AWS'));
    const table = rows.map(([name, , fallback]) => [unquoted(name), unquoted(fallback)]);
    expect(table.filter(([name]) => !name?.startsWith('COGNITO_'))).toEqual([
      ['PORT', String(port)],
      ['DEMO_POOL_PORT', String(poolPort)],
      ['DEMO_ADAPTER', adapter],
      ['DEMO_HOST', host],
    ]);
    const named = new Set(table.flatMap(([name = '']) => name.split(', ')));
    expect([...variables].filter((name) => !named.has(String(name)))).toEqual([]);
  });
});

describe('The snippets of the README', () => {
  let customers: LocalUserPool;
  let staff: LocalUserPool;
  let app: INestApplication | undefined;

  beforeAll(async () => {
    customers = await poolLike('eu-west-1_AbCdEf123', [
      {
        clientId: '1h57kf5cpq17m0eml12EXAMPLE',
        callbackUrls: [`${SITE}/auth/callback`],
        logoutUrls: [`${SITE}/`],
      },
      { clientId: 'machine42EXAMPLE', secret: 'a secret', scopes: ['jobs/write'] },
    ]);
    staff = await poolLike('eu-west-1_GhIjKl456', [{ clientId: 'web42EXAMPLE' }]);
    answerInPlaceOfAws([customers, staff]);
  });

  afterEach(async () => {
    await app?.close();
    app = undefined;
    vi.unstubAllEnvs();
  });

  afterAll(() => {
    vi.unstubAllGlobals();
  });

  /** Starts a module as the `main.ts` of every new Nest application does. */
  const boot = async (module: Type): Promise<string> => {
    app = await NestFactory.create(module, { logger: false });
    await app.listen(0, '127.0.0.1');
    return app.getUrl();
  };

  /** Starts a controller, or a provider, on the user pool of customers. */
  const bootWith = async (parts: { controllers?: Type[]; providers?: Type[] }): Promise<string> => {
    @Module({ imports: [CognitoAuthModule.forRoot(customers.options())], ...parts })
    class SnippetModule {}
    return boot(SnippetModule);
  };

  it('compile', { timeout: 2 * MINUTE }, () => {
    const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
    const { fileNames = [], options = {} } =
      ts.getParsedCommandLineOfConfigFile(tsconfig, {}, host) ?? {};
    const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram(fileNames, options));

    expect(fileNames).toHaveLength(snippets.length);
    expect(options.strict).toBe(true);
    expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
  });

  it('protect a route, as the curl below the first one shows', async () => {
    const { AppModule } = await imported<{ AppModule: Type }>('app.module');
    const session = at(await boot(AppModule), firstSession);

    expect(session).toHaveLength(2);
    const TOKEN = customers.accessToken('alice', { scopes: ['orders/read'] });
    expect(await typed(session, { TOKEN })).toEqual(session);
  });

  it('protect a route with a group', async () => {
    const { AppModule } = await imported<{ AppModule: Type }>('app.module');
    const url = `${await boot(AppModule)}/orders/7`;

    const admitted = await send(url, customers.accessToken('alice'), { method: 'DELETE' });
    expect(await admitted.json()).toEqual({ removed: '7' });
    const refused = await send(url, customers.accessToken('bob'), { method: 'DELETE' });
    expect(await refused.json()).toMatchObject({ statusCode: 403, code: 'insufficient_group' });
  });

  it('protect every route', async () => {
    const { ProtectedModule } = await imported<{ ProtectedModule: Type }>('protected.module');
    const url = await boot(ProtectedModule);

    expect((await send(`${url}/status`)).status).toBe(200);
    expect((await send(`${url}/load`)).status).toBe(401);
    expect((await send(`${url}/load`, customers.accessToken('bob'))).status).toBe(200);
  });

  it('take options from a provider', async () => {
    vi.stubEnv('USER_POOL_ID', customers.userPoolId);
    vi.stubEnv('CLIENT_IDS', `another42EXAMPLE,${customers.clientId}`);
    const { ShopModule } = await imported<{ ShopModule: Type }>('settings.module');
    const url = `${await boot(ShopModule)}/orders`;

    const token = customers.accessToken('bob', { scopes: ['orders/read'] });
    expect(await (await send(url, token)).json()).toEqual({ username: 'bob', orders: ['teapot'] });
  });

  it('tell user pools apart', async () => {
    const { PoolsModule } = await imported<{ PoolsModule: Type }>('pools.module');
    const url = `${await boot(PoolsModule)}/hello`;

    const customer = await send(url, customers.accessToken('alice'));
    expect(await customer.text()).toBe('Hello, alice of customers');
    const colleague = await send(url, staff.accessToken('alice'));
    expect(await colleague.text()).toBe('Hello, alice of staff');
    const office = url.replace('hello', 'office');
    expect((await send(office, staff.accessToken('bob'))).status).toBe(200);
    const refused = await send(office, customers.accessToken('alice'));
    expect(await refused.json()).toMatchObject({ statusCode: 401, code: 'wrong_issuer' });
  });

  it('make the user of the application the current user', async () => {
    const { IdentityModule } = await imported<{ IdentityModule: Type }>('identity.module');
    const url = `${await boot(IdentityModule)}/account`;

    const known = await send(url, customers.accessToken('alice'));
    expect(await known.json()).toEqual({ id: 7, teams: ['support'] });
    const refused = await send(url, customers.accessToken('bob'));
    expect(await refused.json()).toMatchObject({ statusCode: 403, code: 'unknown_user' });
  });

  it('take groups from elsewhere, and not from the token', async () => {
    const { SupportModule } = await imported<{ SupportModule: Type }>('support.module');
    const url = `${await boot(SupportModule)}/tickets`;

    expect((await send(url, customers.accessToken('alice'))).status).toBe(200);
    const claims = { 'cognito:groups': ['support'] };
    const refused = await send(url, customers.accessToken('bob', { claims }));
    expect(await refused.json()).toMatchObject({ statusCode: 403, code: 'insufficient_group' });
  });

  it('ask the application for permissions', async () => {
    const { RefundsModule } = await imported<{ RefundsModule: Type }>('refunds.module');
    const { Accounts } = await imported<{ Accounts: Type<Accounts> }>('accounts.module');
    const url = `${await boot(RefundsModule)}/refunds/12`;
    const token = customers.accessToken('alice');

    const admitted = await send(url, token, { method: 'POST' });
    expect(await admitted.json()).toEqual({ refunded: '12' });
    (await app?.get(Accounts, { strict: false }).withSub(ALICE))?.permissions.pop();
    const refused = await send(url, token, { method: 'POST' });
    expect(await refused.json()).toMatchObject({ code: 'insufficient_permission' });
  });

  it('ask checks', async () => {
    const { TransfersModule } = await imported<{ TransfersModule: Type }>('transfers.module');
    const url = await boot(TransfersModule);
    const token = customers.accessToken('alice');

    expect((await send(`${url}/accounts/7/transfers`, token)).status).toBe(200);
    expect(await (await send(`${url}/accounts/8/transfers`, token)).json()).toMatchObject({
      statusCode: 403,
      code: 'check_failed',
      message: 'This is the account of somebody else',
    });
    const method = 'DELETE';
    expect((await send(`${url}/transfers`, token, { method })).status).toBe(200);
    const stale = customers.accessToken('alice', { authTime: new Date(Date.now() - 301_000) });
    expect(await (await send(`${url}/transfers`, stale, { method })).json()).toMatchObject({
      code: 'check_failed',
      message: 'Sign in again to do this',
    });
  });

  /** Signs out of a session, and then of all of them, by the controller of the snippet. */
  const signOut = async (url: string): Promise<void> => {
    const method = 'DELETE';
    const sessions = { phone: 'session-of-the-phone', laptop: 'session-of-the-laptop' };
    const phone = customers.accessToken('alice', { originJti: sessions.phone });
    const refreshed = customers.accessToken('alice', { originJti: sessions.phone });
    const laptop = customers.accessToken('alice', { originJti: sessions.laptop });
    const codeFor = async (token: string): Promise<unknown> => {
      const answer = await send(`${url}/sessions/of/nobody`, token, { method });
      return answer.ok ? answer.status : ((await answer.json()) as { code: string }).code;
    };

    expect((await send(`${url}/sessions/current`, phone, { method })).status).toBe(200);
    expect(await codeFor(phone)).toBe('token_revoked');
    expect(await codeFor(refreshed)).toBe('token_revoked');
    expect(await codeFor(laptop)).toBe(200);
    expect((await send(`${url}/sessions/of/${ALICE}`, laptop, { method })).status).toBe(200);
    expect(await codeFor(laptop)).toBe('token_revoked');
    const later = { iat: Math.floor(Date.now() / 1000) + 1 };
    expect(await codeFor(customers.accessToken('alice', { claims: later }))).toBe(200);
    const single = { ...later, origin_jti: undefined };
    const withoutSession = customers.accessToken('alice', { claims: single });
    expect((await send(`${url}/sessions/current`, withoutSession, { method })).status).toBe(200);
    expect(await codeFor(withoutSession)).toBe('token_revoked');
  };

  it('revoke tokens, sessions and what a user has', async () => {
    const { SessionsModule } = await imported<{ SessionsModule: Type }>('sessions.module');

    await signOut(await boot(SessionsModule));
  });

  it.skipIf(!REDIS_PROGRAM)('revoke for several instances, by Redis', async () => {
    const redis = await RedisServer.create();
    onTestFinished(() => redis.remove());
    await redis.start();
    vi.stubEnv('REDIS_URL', redis.url);
    const { SharedSessionsModule } = await imported<{ SharedSessionsModule: Type }>(
      'shared-sessions.module',
    );
    const url = await boot(SharedSessionsModule);

    await signOut(url);
    await redis.stop();
    const answer = await send(`${url}/sessions/current`, customers.accessToken('bob'), {
      method: 'DELETE',
    });
    expect(await answer.json()).toMatchObject({ statusCode: 503, code: 'hook_failed' });
  });

  it('serve a Swagger page', async () => {
    vi.stubEnv('PORT', '0');
    vi.stubEnv('NO_COLOR', '1');
    const create = vi.spyOn(NestFactory, 'create');
    await imported('main');
    app = (await create.mock.results[0]?.value) as INestApplication;
    create.mockRestore();
    await once(app.getHttpServer() as NodeJS.EventEmitter, 'listening');

    const url = await app.getUrl();
    expect(await (await send(`${url}/docs`)).text()).toContain('swagger-ui');
    expect(await (await send(`${url}/docs-json`)).json()).toMatchObject({
      info: { title: 'Orders' },
      paths: { '/orders': { get: { security: [{ cognito: ['orders/read'] }] } } },
    });
  });

  describe('about other transports', () => {
    const cook = () => customers.accessToken('alice', { claims: { 'cognito:groups': ['cooks'] } });

    /** Starts what a `main.ts` exports. */
    const bootstrap = async (name: string): Promise<string> => {
      vi.stubEnv('PORT', '0');
      vi.stubEnv('NO_COLOR', '1');
      const main = await imported<{ bootstrap: () => Promise<INestApplication> }>(name);
      app = await main.bootstrap();
      return app.getUrl();
    };

    it('protect resolvers', async () => {
      const { RecipesModule } = await imported<{ RecipesModule: Type }>('recipes.module');
      const url = `${await boot(RecipesModule)}/graphql`;
      const ask = async (query: string, token: string) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const body = JSON.stringify({ query });
        return (await fetch(url, { method: 'POST', headers, body })).json();
      };
      const mutation = 'mutation { addRecipe(title: "Tea") { title secret } }';

      expect(await ask('{ me }', customers.accessToken('bob'))).toEqual({ data: { me: 'bob' } });
      expect(await ask(mutation, customers.accessToken('bob'))).toMatchObject({
        errors: [{ extensions: { code: 'insufficient_group' } }],
      });

      const connect = (token: string) =>
        createClient({
          url: url.replace('http', 'ws'),
          webSocketImpl: WebSocket,
          connectionParams: { Authorization: `Bearer ${token}` },
          retryAttempts: 0,
        });
      const client = connect(cook());
      onTestFinished(async () => client.dispose());
      const events = client.iterate({ query: 'subscription { recipeAdded { title } }' });
      const event = events.next();
      const seen = await untilSettled(event, async () => {
        expect(await ask(mutation, cook())).toEqual({
          data: { addRecipe: { title: 'Tea', secret: 'a pinch of salt' } },
        });
      });
      expect(seen.value).toMatchObject({ data: { recipeAdded: { title: 'Tea' } } });
      const stranger = connect(customers.accessToken('bob', { expiresIn: -5 })).iterate({
        query: 'subscription { recipeAdded { title } }',
      });
      await expect(stranger.next()).rejects.toMatchObject({
        code: 4403,
        reason: 'token_expired',
      });
    });

    it('protect a gateway', async () => {
      const url = (await bootstrap('main.sockets')).replace('http', 'ws');
      const say = async (token?: string) => {
        const headers = token ? { authorization: `Bearer ${token}` } : {};
        const socket = new WebSocket(url, { headers });
        onTestFinished(() => socket.terminate());
        socket.once('open', () => socket.send('{ "event": "say", "data": "hello" }'));
        const [message] = (await once(socket, 'message')) as [Buffer];
        return JSON.parse(message.toString()) as unknown;
      };

      expect(await say(customers.accessToken('bob'))).toEqual({
        event: 'said',
        data: { by: 'bob', text: 'hello' },
      });
      expect(await say()).toMatchObject({ event: 'exception', data: { code: 'missing_token' } });
    });

    it('protect the microservice of a hybrid application', async () => {
      const port = await freePort();
      vi.stubEnv('TCP_PORT', String(port));
      await bootstrap('main.hybrid');
      const client = ClientProxyFactory.create({
        transport: Transport.TCP,
        options: { host: '127.0.0.1', port },
      });
      onTestFinished(() => client.close());
      const create = async (payload: object): Promise<unknown> =>
        firstValueFrom(client.send('orders.create', { item: 'cup', ...payload }));

      const token = customers.accessToken('alice', { scopes: ['orders/write'] });
      expect(await create({ token })).toEqual({ item: 'cup', for: 'alice' });
      await expect(create({})).rejects.toMatchObject({ statusCode: 401, code: 'missing_token' });
      await expect(create({ token: customers.accessToken('bob') })).rejects.toMatchObject({
        code: 'insufficient_scope',
      });
    });
  });

  describe('about signing in with a browser', () => {
    let hostedPages: LocalUserPoolServer;
    let browser: Browser;

    beforeAll(async () => {
      hostedPages = await customers.listen();
      answerInPlaceOfAws([customers, staff], hostedPages);
    });

    afterAll(() => hostedPages.close());

    /** Opens the account, signs in, and comes back to it. */
    const signIn = async (url: string): Promise<Visit> => {
      browser = new Browser({ [SITE]: url, [DOMAIN]: hostedPages.url });
      const page = await browser.open(`${SITE}/account`);
      expect(page.url.href).toContain(`${hostedPages.url}/login`);
      return browser.signIn(page, 'alice', 'alice-password');
    };

    it('sign users in', async () => {
      vi.stubEnv('COGNITO_COOKIE_SECRET', 'a secret of a test that is long enough');
      const { SignedInModule } = await imported<{ SignedInModule: Type }>('signed-in.module');

      const account = await signIn(await boot(SignedInModule));

      expect(account.url.href).toBe(`${SITE}/account`);
      expect(JSON.parse(account.body)).toEqual({ username: 'alice' });
      const session = await browser.call(`${SITE}/auth/session`);
      expect(JSON.parse(session.body)).toMatchObject({ email: 'alice@example.com' });
      const refreshed = await browser.call(`${SITE}/auth/refresh`, { method: 'POST' });
      expect(Object.keys(JSON.parse(refreshed.body) as object)).toEqual(['expiresAt']);
      const left = await browser.open(`${SITE}/auth/logout`);
      expect(left.url.href).toBe(`${SITE}/`);
      const refused = await browser.call(`${SITE}/account`);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="api"');
      expect(JSON.parse(refused.body)).toMatchObject({ code: 'missing_token' });
    });

    it('reach Cognito through a proxy', async () => {
      const asked: string[] = [];
      const proxy = createServer().on('connect', ({ url }: IncomingMessage, socket: Duplex) => {
        asked.push(String(url));
        socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      });
      await once(proxy.listen(0, '127.0.0.1'), 'listening');
      onTestFinished(() => void proxy.close());
      const { port } = proxy.address() as AddressInfo;
      vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${port}`);
      vi.stubEnv('NO_PROXY', '');
      vi.stubEnv('COGNITO_COOKIE_SECRET', 'a secret of a test that is long enough');
      const { ProxiedModule } = await imported<{ ProxiedModule: Type }>('proxied.module');
      browser = new Browser({ [SITE]: await boot(ProxiedModule) });

      const login = await browser.navigate(`${SITE}/auth/login`);
      const { searchParams } = new URL(login.headers.get('location') ?? '');
      const query = `code=x&state=${searchParams.get('state')}`;
      const callback = await browser.call(`${SITE}/auth/callback?${query}`);
      expect([callback.status, JSON.parse(callback.body)]).toEqual([
        503,
        expect.objectContaining({ code: 'identity_provider_unavailable' }),
      ]);
      const headers = { authorization: `Bearer ${customers.accessToken('alice')}` };
      expect((await browser.call(`${SITE}/account`, { headers })).status).toBe(503);
      expect(new Set(asked)).toEqual(new Set(HOSTS.map((host) => `${host}:443`)));
    });

    it('keep a queue board and the Swagger page for admins', async () => {
      vi.stubEnv('COGNITO_COOKIE_SECRET', 'a secret of a test that is long enough');
      vi.stubEnv('PORT', '0');
      const { bootstrap } = await imported<{
        bootstrap: (board: Board) => Promise<INestApplication>;
      }>('main.board');
      const board = await bootstrap((_request, response) => response.end('the queues'));
      onTestFinished(() => board.close());
      const url = (await board.getUrl()).replace('[::1]', 'localhost');
      const stranger = new Browser({ [SITE]: url, [DOMAIN]: hostedPages.url });
      for (const path of ['/queues', '/docs', '/docs-json']) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const page = await stranger.navigate(SITE + path);
        expect([page.status, page.headers.get('location')]).toEqual([
          302,
          `/auth/login?returnTo=${encodeURIComponent(path)}`,
        ]);
      }

      await signIn(url);

      expect((await browser.open(`${SITE}/queues`)).body).toBe('the queues');
      expect((await browser.open(`${SITE}/docs-json`)).body).toContain('"openapi"');
    });

    it.skipIf(!REDIS_PROGRAM)('keep sessions in Redis', async () => {
      const redis = await RedisServer.create();
      onTestFinished(() => redis.remove());
      await redis.start();
      vi.stubEnv('REDIS_URL', redis.url);
      vi.stubEnv('COGNITO_COOKIE_SECRET', 'a secret of a test that is long enough');
      const { StoredSignInsModule } = await imported<{ StoredSignInsModule: Type }>(
        'stored-sign-ins.module',
      );

      const account = await signIn(await boot(StoredSignInsModule));

      expect(JSON.parse(account.body)).toEqual({ username: 'alice' });
      const copy = new Map(browser.cookiesOf(SITE));
      await browser.open(`${SITE}/auth/logout`);
      for (const [name, value] of copy) browser.cookiesOf(SITE).set(name, value);
      expect((await browser.call(`${SITE}/account`)).status).toBe(401);
    });
  });

  it('accept ID tokens', async () => {
    const { ProfileController } = await imported<{ ProfileController: Type }>('profile.controller');
    const url = `${await bootWith({ controllers: [ProfileController] })}/profile`;

    const profile = { email: 'alice@example.com', name: 'Alice', tenant: 'acme' };
    expect(await (await send(url, customers.idToken('alice'))).json()).toEqual(profile);
    const refused = await send(url, customers.accessToken('alice'));
    expect(await refused.json()).toMatchObject({ statusCode: 401, code: 'wrong_token_use' });
  });

  it('accept machines', async () => {
    const { JobsController } = await imported<{ JobsController: Type }>('jobs.controller');
    const url = `${await bootWith({ controllers: [JobsController] })}/jobs`;

    const machine = customers.clientToken();
    expect(await (await send(url, machine)).json()).toEqual({ worker: 'machine42EXAMPLE' });
    expect(await (await send(url, machine, { method: 'POST' })).json()).toEqual({
      by: 'machine42EXAMPLE',
    });
    const refused = await send(url, customers.accessToken('alice'));
    expect(await refused.json()).toMatchObject({ statusCode: 403, code: 'wrong_principal' });
  });

  it('accept machines beside users whose tokens are bound', async () => {
    const { BoundModule } = await imported<{ BoundModule: Type }>('bound.module');
    const url = `${await boot(BoundModule)}/jobs`;

    expect((await send(url, customers.clientToken())).status).toBe(200);
    const refused = await send(url, customers.accessToken('alice'));
    expect(await refused.json()).toMatchObject({ statusCode: 401, code: 'wrong_audience' });
  });

  it('compose the guard with another one', async () => {
    const either =
      await imported<Record<'ReportsController' | 'ApiKeyGuard' | 'EitherGuard', Type>>(
        'machine-or-user.guard',
      );
    const { ReportsController, ApiKeyGuard, EitherGuard } = either;
    vi.stubEnv('API_KEY', 'secret');
    const url = `${await bootWith({
      controllers: [ReportsController],
      providers: [ApiKeyGuard, EitherGuard],
    })}/reports`;

    const withKey = async (key: string) =>
      (await send(url, undefined, { headers: { 'x-api-key': key } })).status;
    expect(await withKey('secret')).toBe(200);
    expect((await send(url, customers.accessToken('alice'))).status).toBe(200);
    expect(await withKey('wrong')).toBe(401);
    const refused = await send(url);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(await refused.json()).toMatchObject({ statusCode: 401, code: 'missing_token' });
  });

  it('find tokens elsewhere', async () => {
    const { BalancerModule } = await imported<{ BalancerModule: Type }>('balancer.module');
    const url = `${await boot(BalancerModule)}/orders`;

    const token = customers.accessToken('bob', { scopes: ['orders/read'] });
    const headers = { 'x-amzn-oidc-accesstoken': token };
    expect((await send(url, undefined, { headers })).status).toBe(200);
    expect((await send(url, token)).status).toBe(200);
    expect((await send(url)).status).toBe(401);
  });

  it('find tokens in a cookie and in the query string', async () => {
    const { BrowserModule } = await imported<{ BrowserModule: Type }>('browser.module');
    const url = `${await boot(BrowserModule)}/orders`;

    const token = customers.accessToken('bob', { scopes: ['orders/read'] });
    const headers = { cookie: `theme=dark; token=${token}` };
    expect((await send(url, undefined, { headers })).status).toBe(200);
    expect((await send(`${url}?token=${token}`)).status).toBe(200);
    expect((await send(url, token)).status).toBe(200);
    expect((await send(url)).status).toBe(401);
  });

  it('accept expired tokens where that is written down, but never in production', async () => {
    const { YesterdayModule } = await imported<{ YesterdayModule: Type }>('yesterday.module');
    const url = `${await boot(YesterdayModule)}/orders`;

    const options = { scopes: ['orders/read'], expiresIn: -86_400 };
    expect((await send(url, customers.accessToken('bob', options))).status).toBe(200);
    const forged = customers.forgedToken({ username: 'bob', ...options });
    expect(await (await send(url, forged)).json()).toMatchObject({ code: 'invalid_signature' });
    await app?.close();
    vi.stubEnv('NODE_ENV', 'production');
    await expect(
      NestFactory.create(YesterdayModule, { logger: false, abortOnError: false }),
    ).rejects.toThrow('unsafe');
  });

  it('verify tokens without a request', async () => {
    const { OrderQueue } = await imported<{ OrderQueue: Type<Queue> }>('order.queue');
    await bootWith({ providers: [OrderQueue] });
    const queue = app?.get(OrderQueue);

    const token = customers.accessToken('alice', { scopes: ['orders/write'] });
    const { sub } = customers.users[0] ?? {};
    expect(await queue?.receive({ token, item: 'cup' })).toEqual({ item: 'cup', for: sub });
    const weak = customers.accessToken('alice');
    await expect(queue?.receive({ token: weak, item: 'cup' })).rejects.toMatchObject({
      code: 'insufficient_scope',
    });
    const machine = customers.clientToken();
    await expect(queue?.receive({ token: machine, item: 'cup' })).rejects.toMatchObject({
      code: 'wrong_principal',
    });
  });

  it('say whether keys are at hand', async () => {
    const { ReadyController } = await imported<{ ReadyController: Type }>('ready.controller');
    const url = `${await bootWith({ controllers: [ReadyController] })}/ready`;

    expect(await (await send(url)).json()).toEqual({ keys: 'at hand' });
  });

  it('say whether keys are missing', async () => {
    const { ReadyController } = await imported<{ ReadyController: Type }>('ready.controller');
    const fetcher = () => Promise.reject(new Error('Cognito is down'));
    const options = { userPoolId: 'eu-west-1_Offline00', clientId: 'web42EXAMPLE' };
    @Module({
      imports: [CognitoAuthModule.forRoot({ ...options, keys: { fetcher } })],
      controllers: [ReadyController],
    })
    class OfflineModule {}

    const answer = await send(`${await boot(OfflineModule)}/ready`);
    expect(await answer.json()).toMatchObject({ statusCode: 503, code: 'keys_unavailable' });
  });

  describe('for tests', async () => {
    // Their tests become tests of this file.
    await imported('orders.spec');
    await imported('orders.without-tokens.spec');
    await imported('routes.spec');
  });
});

describe('The commands of the README', () => {
  let demo: Demo;

  beforeAll(async () => {
    const ports = { host: '127.0.0.1', port: 0, poolPort: 0 };
    demo = await startDemo({ adapter: 'express', ...ports });
  });

  afterAll(() => demo.close());

  it('are answered by the demo as it says', async () => {
    const session = at(demo.url, demoSession);

    expect(session).toHaveLength(3);
    expect(await typed(session)).toEqual(session);
  });

  it('are scripts of the repository', () => {
    const { scripts } = JSON.parse(read('package.json')) as Manifest;

    expect(blocks.filter(({ language }) => language === 'sh')[1]?.code).toBe('npm ci\nnpm start\n');
    expect(scripts['start']).toBe('nest start demo');
    expect(readme).toContain('`npm run routes`');
    expect(scripts['routes']).toBe('nest start demo --entryFile routes');
  });
});

interface Manifest {
  name: string;
  scripts: Record<string, string>;
  engines: { node: string };
  devDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

/** Where the snippets with a browser say that they are, and where the hosted pages are. */
const SITE = 'https://app.example.com';
const DOMAIN = 'https://example.auth.eu-west-1.amazoncognito.com';

/** What a server with hosted pages talks to. */
const HOSTS = [
  new URL(DOMAIN).host,
  'cognito-idp.eu-west-1.amazonaws.com',
  'issuer-cognito-idp.eu-west-1.amazonaws.com',
];

/** The user whom the snippets name by her `sub`. */
const ALICE = 'b4d8e428-f091-7040-80a5-000000000007';

type Board = (request: object, response: { end(text: string): void }) => void;

interface Accounts {
  withSub(sub: string): Promise<{ permissions: string[] } | null>;
}

interface Queue {
  receive(message: { token: string; item: string }): Promise<unknown>;
}

function nameOf(snippet: string): string {
  const name = /^\/\/ ([\w.-]+\.ts)\n/.exec(snippet)?.[1];
  if (name) return name;
  throw new Error(`A snippet does not begin with the name of its file:\n${snippet}`);
}

function at(url: string, session: Exchange[] = []): Exchange[] {
  return session.map(({ command, answer }) => ({
    command: command.replaceAll('http://localhost:3000', url),
    answer,
  }));
}

async function poolLike(userPoolId: string, clients: LocalClientSetup[]) {
  return LocalUserPool.create({
    userPoolId,
    issuer: `https://cognito-idp.eu-west-1.amazonaws.com/${userPoolId}`,
    clients,
    users: [
      {
        username: 'alice',
        password: 'alice-password',
        sub: ALICE,
        name: 'Alice',
        email: 'alice@example.com',
        groups: ['admin'],
        attributes: { 'custom:tenant': 'acme' },
      },
      { username: 'bob' },
    ],
  });
}

/** The snippets name user pools of AWS, which are here instead: nothing leaves this machine. */
function answerInPlaceOfAws(
  pools: readonly LocalUserPool[],
  hostedPages?: LocalUserPoolServer,
): void {
  vi.unstubAllGlobals();
  const realFetch = globalThis.fetch;
  vi.stubGlobal('fetch', async (input: string, init?: RequestInit) => {
    const { protocol, origin } = new URL(input);
    if (protocol === 'http:') return realFetch(input, init);
    if (origin === DOMAIN && hostedPages) {
      return realFetch(input.replace(DOMAIN, hostedPages.url), init);
    }
    const pool = pools.find(({ issuer }) => input === `${issuer}/.well-known/jwks.json`);
    return pool ? Response.json(pool.jwks()) : new Response(null, { status: 404 });
  });
}

/** What a promise gives, while something is done again and again until it does. */
async function untilSettled<T>(promise: Promise<T>, act: () => Promise<void>): Promise<T> {
  const settled = await Promise.race([promise.then((value) => ({ value })), act()]);
  return settled ? settled.value : untilSettled(promise, act);
}

async function send(url: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = token ? { authorization: `Bearer ${token}` } : init.headers;
  return fetch(url, { ...init, headers });
}

function unquoted(cell = ''): string {
  return cell.replaceAll('`', '');
}

function byName<T extends { name: string }>(rows: readonly T[]): T[] {
  return rows.toSorted((one, other) => one.name.localeCompare(other.name));
}

function withDefaults({ name, fallback = 'required', variable = '' }: DocumentedOption) {
  return { name, fallback, variable };
}
