import { Controller, Get, Header } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import {
  CognitoAuthModule,
  cognitoMiddleware,
  CurrentUser,
  fromBearerHeader,
  UserPool,
} from 'nestjs-cognito-auth';
import type { UserPoolOptions } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession, RedirectToLogin } from 'nestjs-cognito-auth/hosted-ui';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../support/app.js';
import { freePort } from '../support/free-port.js';
import { ChatGateway } from '../websockets/chat.gateway.js';
import { isInstalled, launch } from './chromium.js';

const PASSWORD = 'Correct-horse-7';
const SECRET = 'a secret of the tests that is long enough';

@Controller()
class RoomsController {
  @Get('shop')
  @UserPool('customers')
  @RedirectToLogin()
  @Header('Content-Type', 'text/html')
  shop(@CurrentUser('username') username: string) {
    return `<h1>shop of ${username}</h1>`;
  }

  @Get('office')
  @UserPool('staff')
  @RedirectToLogin()
  @Header('Content-Type', 'text/html')
  office(@CurrentUser('username') username: string) {
    return `<h1>office of ${username}</h1>`;
  }
}

/** The hosted pages of a user pool with one user, for an application at this address. */
async function entranceFor(name: string, username: string, site: string) {
  const redirectUri = `${site}/${name}/callback`;
  const logoutUri = `${site}/`;
  const pool = await LocalUserPool.create({
    userPoolId: `local_${name}`,
    clients: [{ clientId: name, callbackUrls: [redirectUri], logoutUrls: [logoutUri] }],
    users: [{ username, password: PASSWORD, groups: ['boards'] }],
  });
  const server = await pool.listen();
  const cookies = { secret: SECRET, name: `${name}-session` };
  return {
    server,
    userPool: { ...(server.options() as UserPoolOptions), name },
    module: CognitoHostedUiModule.forRoot({
      domain: server.domain,
      clientId: name,
      redirectUri,
      logoutUri,
      cookies,
      path: name,
    }),
  };
}

async function signIn(page: Page, server: LocalUserPoolServer, username: string): Promise<void> {
  expect(page.url()).toContain(server.domain);
  await page.getByLabel('Username').fill(username);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** What a socket of this page is told. */
function sayIn(page: Page): Promise<unknown> {
  // As a text, because there is no document where this file is compiled.
  return page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket(location.origin.replace('http', 'ws'));
    socket.onopen = () => socket.send(JSON.stringify({ event: 'say', data: 'hi' }));
    socket.onmessage = ({ data }) => resolve(JSON.parse(data));
    socket.onclose = ({ reason }) => resolve(reason);
  })`);
}

describe.runIf(isInstalled())('Customers and staff in Chromium', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launch();
  });

  afterAll(() => browser?.close());

  it.each(ADAPTERS)(
    'sign in at their own pages, for middlewares and sockets, on %s',
    async (adapter) => {
      const port = await freePort();
      const site = `http://localhost:${port}`;
      const customers = await entranceFor('customers', 'carol', site);
      const staff = await entranceFor('staff', 'steve', site);
      await startApp(
        adapter,
        {
          imports: [
            CognitoAuthModule.forRoot({
              userPools: [customers.userPool, staff.userPool],
              tokenFrom: [fromBearerHeader(), fromSession({ refresh: true })],
            }),
            customers.module,
            staff.module,
          ],
          controllers: [RoomsController],
          providers: [ChatGateway],
        },
        { configure, port },
      );
      const context = await browser.newContext();
      const page = await context.newPage();

      await page.goto(`${site}/office`);
      await signIn(page, staff.server, 'steve');
      await page.waitForURL(`${site}/office`);
      expect(await page.getByRole('heading').textContent()).toBe('office of steve');
      expect(await sayIn(page)).toEqual({ event: 'said', data: { by: 'steve', text: 'hi' } });

      await page.goto(`${site}/shop`);
      await signIn(page, customers.server, 'carol');
      await page.waitForURL(`${site}/shop`);
      expect(await page.getByRole('heading').textContent()).toBe('shop of carol');
      await page.goto(`${site}/office`);
      expect(await page.getByRole('heading').textContent()).toBe('office of steve');

      await page.goto(`${site}/queues/failed`);
      expect(await page.textContent('body')).toBe('the queues');

      const stranger = await browser.newContext();
      const strange = await stranger.newPage();
      await strange.goto(`${site}/queues/failed`);
      await signIn(strange, staff.server, 'steve');
      await strange.waitForURL(`${site}/queues/failed`);
      expect(await strange.textContent('body')).toBe('the queues');

      await context.close();
      await stranger.close();
      await customers.server.close();
      await staff.server.close();
    },
  );
});

function configure(app: INestApplication): void {
  app.useWebSocketAdapter(withCognitoAuth(app, new WsAdapter(app)));
  const rules = { userPools: ['staff'], groups: ['boards'], redirectToLogin: true };
  app.use('/queues', cognitoMiddleware(app, rules));
  app.use('/queues', (_: unknown, response: { end(text: string): void }) =>
    response.end('the queues'),
  );
}
