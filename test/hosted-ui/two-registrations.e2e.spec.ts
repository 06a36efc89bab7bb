import { Controller, Get } from '@nestjs/common';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Query, Resolver } from '@nestjs/graphql';
import {
  Authenticated,
  CognitoAuthModule,
  cognitoMiddleware,
  CurrentUser,
  fromBearerHeader,
  OptionalAuth,
  UserPool,
} from 'nestjs-cognito-auth';
import type { TokenExtractor, UserPoolOptions } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession, RedirectToLogin } from 'nestjs-cognito-auth/hosted-ui';
import type { CognitoHostedUiExtras, CognitoHostedUiOptions } from 'nestjs-cognito-auth/hosted-ui';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphqlModule, SERVERS } from '../graphql/graphql.servers.js';
import { ADAPTERS, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { Browser, locationOf, refusalOf } from './browser.js';
import { APP, PASSWORD, SECRET } from './hosted-app.js';

@Controller()
class RoomsController {
  @Get('shop')
  @UserPool('customers')
  @RedirectToLogin()
  shop(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('office')
  @UserPool('staff')
  @RedirectToLogin()
  office(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('hall')
  @Authenticated()
  @RedirectToLogin('staff')
  hall(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('lost')
  @UserPool('staff')
  @RedirectToLogin('customers')
  lost(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('notice')
  @UserPool('staff')
  notice(@CurrentUser('username') username: string) {
    return { username };
  }
}

@Controller()
@UserPool('staff')
class BoardController {
  @Get('board')
  @OptionalAuth()
  board(@CurrentUser('username') username?: string) {
    return { username: username ?? 'anonymous' };
  }
}

@Resolver()
class RoomsResolver {
  @Query(() => String, { nullable: true })
  @UserPool('customers')
  shop(@CurrentUser('username') username: string) {
    return username;
  }

  @Query(() => String, { nullable: true })
  @UserPool('staff')
  office(@CurrentUser('username') username: string) {
    return username;
  }
}

/** A user pool that listens, and the hosted pages for it. */
interface Entrance {
  readonly server: LocalUserPoolServer;
  readonly userPool: UserPoolOptions;
  readonly pages: Partial<CognitoHostedUiOptions> & CognitoHostedUiExtras;
}

async function entranceFor(name: string, username: string, path: string): Promise<Entrance> {
  const pool = await LocalUserPool.create({
    userPoolId: `local_${name}`,
    clients: [
      { clientId: name, callbackUrls: [`${APP}/${path}/callback`], logoutUrls: [`${APP}/`] },
    ],
    users: [{ username, password: PASSWORD }],
  });
  const server = await pool.listen();
  const cookies = { secret: SECRET, name: `${name}-session` };
  const redirectUri = `${APP}/${path}/callback`;
  return {
    server,
    userPool: { ...(server.options() as UserPoolOptions), name },
    pages: { domain: server.domain, clientId: name, redirectUri, cookies, path },
  };
}

let customers: Entrance;
let staff: Entrance;

beforeAll(async () => {
  customers = await entranceFor('customers', 'carol', 'auth');
  staff = await entranceFor('staff', 'steve', 'staff');
});

afterAll(async () => {
  await customers.server.close();
  await staff.server.close();
});

interface Setup {
  readonly customers?: Entrance['pages'];
  readonly staff?: Entrance['pages'];
  readonly tokenFrom?: TokenExtractor[];
  readonly clientId?: null;
  readonly module?: ModuleMetadata;
  readonly configure?: (app: INestApplication) => void;
}

async function start(adapter: Adapter, setup: Setup = {}): Promise<() => Browser> {
  const { tokenFrom = [fromBearerHeader(), fromSession({ refresh: true })], configure } = setup;
  const accepted = setup.clientId === null ? { clientId: null } : {};
  const pagesOf = (entrance: Entrance, changes: object = {}) =>
    CognitoHostedUiModule.forRoot({
      logoutUri: `${APP}/`,
      ...entrance.pages,
      ...changes,
    } as CognitoHostedUiOptions);
  const app = await startApp(
    adapter,
    {
      imports: [
        CognitoAuthModule.forRoot({
          userPools: [
            { ...customers.userPool, ...accepted },
            { ...staff.userPool, ...accepted },
          ],
          tokenFrom,
        }),
        pagesOf(customers, setup.customers),
        pagesOf(staff, setup.staff),
        ...(setup.module?.imports ?? []),
      ],
      providers: setup.module?.providers,
      controllers: [RoomsController, BoardController],
    },
    { configure },
  );
  const url = await app.getUrl();
  return () => new Browser({ [APP]: url });
}

const signInCarol = async (browser: Browser) =>
  browser.signIn(await browser.open(`${APP}/auth/login?returnTo=/shop`), 'carol', PASSWORD);

const signInSteve = async (browser: Browser) =>
  browser.signIn(await browser.open(`${APP}/staff/login?returnTo=/office`), 'steve', PASSWORD);

async function whoAt(browser: Browser, path: string): Promise<unknown> {
  return JSON.parse((await browser.call(APP + path)).body);
}

describe.each(ADAPTERS)('Customers and staff on %s', (adapter) => {
  it('sign in each at their own pages, and stay who they are', async () => {
    const open = await start(adapter);
    const browser = open();
    expect((await signInCarol(browser)).body).toBe('{"username":"carol"}');
    expect((await signInSteve(browser)).body).toBe('{"username":"steve"}');
    expect(await whoAt(browser, '/shop')).toEqual({ username: 'carol' });
    expect(await whoAt(browser, '/office')).toEqual({ username: 'steve' });
  });

  it('are led to the login that the route accepts', async () => {
    const open = await start(adapter);
    for (const [path, login] of [
      ['/shop', '/auth/login'],
      ['/office', '/staff/login'],
      ['/hall', '/staff/login'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const location = locationOf(await open().navigate(APP + path));
      expect(location.href).toBe(`${APP}${login}?returnTo=${encodeURIComponent(path)}`);
    }
  });

  it('count as nobody at the routes of the others', async () => {
    const open = await start(adapter);
    const browser = open();
    await signInCarol(browser);
    expect(refusalOf(await browser.call(`${APP}/office`))).toEqual([401, 'missing_token']);
    expect(await whoAt(browser, '/board')).toEqual({ username: 'anonymous' });
    expect(locationOf(await browser.navigate(`${APP}/office`)).pathname).toBe('/staff/login');
    await signInSteve(browser);
    expect(await whoAt(browser, '/board')).toEqual({ username: 'steve' });
  });

  it('are the first of the registrations where the route accepts both', async () => {
    const open = await start(adapter);
    const browser = open();
    await signInSteve(browser);
    expect(await whoAt(browser, '/hall')).toEqual({ username: 'steve' });
    await signInCarol(browser);
    expect(await whoAt(browser, '/hall')).toEqual({ username: 'carol' });
  });

  it('are chosen by name', async () => {
    const tokenFrom = [fromSession('employees', { refresh: true }), fromSession('customers')];
    const open = await start(adapter, { tokenFrom, staff: { name: 'employees' } }).catch(
      (error: Error) => error,
    );
    // RoomsController names "staff".
    expect(open).toMatchObject({ message: expect.stringContaining('@RedirectToLogin("staff")') });

    const named = await start(adapter, {
      tokenFrom: [fromSession('staff', { refresh: true }), fromSession('customers')],
    });
    const browser = named();
    await signInCarol(browser);
    expect(await whoAt(browser, '/hall')).toEqual({ username: 'carol' });
    await signInSteve(browser);
    expect(await whoAt(browser, '/hall')).toEqual({ username: 'steve' });
  });

  it('of one name alone are looked for', async () => {
    const open = await start(adapter, { tokenFrom: [fromSession('customers')] });
    const browser = open();
    await signInSteve(browser);
    expect(refusalOf(await browser.call(`${APP}/hall`))).toEqual([401, 'missing_token']);
    // Nobody asks for their sessions, so that to sign in again would not help.
    expect(refusalOf(await browser.navigate(`${APP}/office`))).toEqual([401, 'missing_token']);
  });

  it('are told apart where both user pools accept every app client', async () => {
    const open = await start(adapter, {
      clientId: null,
      staff: { name: 'staff' },
      customers: { name: 'customers' },
    });
    const browser = open();
    await signInCarol(browser);
    expect(refusalOf(await browser.call(`${APP}/office`))).toEqual([401, 'missing_token']);
    await signInSteve(browser);
    expect(await whoAt(browser, '/office')).toEqual({ username: 'steve' });
    expect(await whoAt(browser, '/shop')).toEqual({ username: 'carol' });
  });

  it.each([
    ['a login that the route does not accept', '/lost'],
    ['a login that brings another user pool', '/office'],
  ])('do not go round in circles at %s', async (_, path) => {
    const open = await start(adapter, {
      clientId: null,
      staff: { name: 'staff' },
      customers: { name: 'customers' },
    });
    const browser = open();
    await signInCarol(browser);
    const visit = await browser.navigate(APP + path);
    // Not to the login of customers, which would bring what there is.
    const location = visit.headers.get('location') ?? `${visit.status}`;
    expect(location).not.toContain('/auth/login');
    await signInSteve(browser);
    expect((await browser.navigate(APP + path)).status).not.toBe(302);
  });

  it('are chosen anew by a route behind a middleware', async () => {
    const configure = (app: INestApplication) => {
      app.use('/office', cognitoMiddleware(app));
      app.use('/shop', cognitoMiddleware(app, { userPools: ['staff'], redirectToLogin: true }));
    };
    const open = await start(adapter, { configure });
    const browser = open();
    await signInCarol(browser);
    await signInSteve(browser);
    expect(await whoAt(browser, '/office')).toEqual({ username: 'steve' });
    expect(await whoAt(browser, '/shop')).toEqual({ username: 'carol' });
    expect(locationOf(await open().navigate(`${APP}/shop`)).pathname).toBe('/staff/login');
  });

  it('do not become the others by the name of a cookie', async () => {
    const open = await start(adapter);
    const browser = open();
    await signInCarol(browser);
    const cookies = browser.cookiesOf(APP);
    for (const [name, value] of cookies) cookies.set(name.replace('customers', 'staff'), value);
    expect(refusalOf(await browser.call(`${APP}/staff/session`))).toEqual([401, 'missing_token']);
    expect(refusalOf(await browser.call(`${APP}/office`))).toEqual([401, 'missing_token']);
  });

  it('do not end a sign-in that was begun at the pages of the others', async () => {
    const open = await start(adapter);
    const browser = open();
    const answer = await browser.submit(await browser.open(`${APP}/auth/login`), 'carol', PASSWORD);
    const address = locationOf(answer).href.replace('/auth/', '/staff/');
    const { status, body } = await browser.navigate(address);
    expect([status, body]).toEqual([400, expect.stringContaining('invalid_state')]);
    // The page of the error leads to the login beside it.
    expect(body).toContain('href="/staff/login"');
    expect(refusalOf(await browser.call(`${APP}/office`))).toEqual([401, 'missing_token']);
  });

  it('sign out each for themselves', async () => {
    const open = await start(adapter);
    const browser = open();
    await signInCarol(browser);
    await signInSteve(browser);
    await browser.navigate(`${APP}/staff/logout`);
    expect(refusalOf(await browser.call(`${APP}/notice`))).toEqual([401, 'missing_token']);
    expect(await whoAt(browser, '/shop')).toEqual({ username: 'carol' });
  });
});

describe('Two registrations', () => {
  it.each<[string, Setup, string]>([
    ['name', { staff: { name: 'customers' } }, '"name" must differ'],
    [
      'path',
      { staff: { path: 'Auth', redirectUri: `${APP}/Auth/callback` } },
      '"path" must differ',
    ],
    [
      'address',
      { staff: { path: false, redirectUri: `${APP}/auth/callback` } },
      '"redirectUri" must differ',
    ],
    [
      'cookie',
      { staff: { cookies: { secret: SECRET, name: 'customers-session' } } },
      '"cookies.name" must differ',
    ],
  ])('with one %s do not start', async (_, setup, message) => {
    await expect(start('express', setup)).rejects.toThrow(message);
  });

  it('of one user pool need names', async () => {
    const pages = { ...customers.pages, path: 'staff', redirectUri: `${APP}/staff/callback` };
    const other = { ...pages, cookies: { secret: SECRET, name: 'staff-session' } };
    await expect(start('express', { staff: other })).rejects.toThrow('"name" must differ');
    await expect(start('express', { staff: { ...other, name: 'staff' } })).resolves.toBeTypeOf(
      'function',
    );
  });

  it('of two applications in one process do not meet', async () => {
    const [one, two] = [await start('express'), await start('fastify')];
    const browser = one();
    await signInCarol(browser);
    expect(await whoAt(browser, '/shop')).toEqual({ username: 'carol' });
    expect(refusalOf(await two().call(`${APP}/shop`))).toEqual([401, 'missing_token']);
  });

  it('give a GraphQL operation the caller of its first field', async () => {
    const module = { imports: [graphqlModule(SERVERS[0])], providers: [RoomsResolver] };
    const open = await start('express', { module });
    const browser = open();
    await signInCarol(browser);
    await signInSteve(browser);
    const ask = async (query: string) => {
      const address = `${APP}/graphql?query=${encodeURIComponent(query)}`;
      // Apollo wants to see that no form has sent it.
      const headers = { 'apollo-require-preflight': 'true' };
      return JSON.parse((await browser.call(address, { headers })).body) as {
        data: unknown;
        errors?: { extensions: { code: string } }[];
      };
    };
    expect((await ask('{ shop }')).data).toEqual({ shop: 'carol' });
    expect((await ask('{ office }')).data).toEqual({ office: 'steve' });
    const both = await ask('{ office shop }');
    expect(both.data).toEqual({ office: 'steve', shop: null });
    expect(both.errors?.map(({ extensions }) => extensions.code)).toEqual(['wrong_issuer']);
  });

  it('are not found by a name that none has', async () => {
    const tokenFrom = [fromSession('strangers')];
    await expect(start('express', { tokenFrom })).rejects.toThrow(
      '"tokenFrom" has fromSession("strangers"); the registrations of CognitoHostedUiModule are "customers", "staff"',
    );
  });
});
