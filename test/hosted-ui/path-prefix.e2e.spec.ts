import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import type { CognitoHostedUiOptions } from 'nestjs-cognito-auth/hosted-ui';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { Browser } from './browser.js';
import { HostedApp, PASSWORD } from './hosted-app.js';

const SITE = 'https://apps.example.com';
const CALLBACKS = ['/shop/auth/callback', '/shop/v1/api/auth/callback', '/auth/callback'];

let server: LocalUserPoolServer;

beforeAll(async () => {
  const pool = await LocalUserPool.create({
    clients: [
      {
        clientId: 'web',
        callbackUrls: CALLBACKS.map((path) => SITE + path),
        logoutUrls: [`${SITE}/shop/`],
      },
    ],
    users: [{ username: 'alice', password: PASSWORD }],
  });
  server = await pool.listen();
});

afterAll(() => server.close());

/** Starts a proxy that takes a prefix off, as a stage of API Gateway does. */
async function startProxy(prefix: string, target: string): Promise<string> {
  const proxy = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    if (!url.startsWith(`${prefix}/`)) {
      outgoing.writeHead(404).end('elsewhere');
      return;
    }
    const onward = request(target + url.slice(prefix.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

describe.each(ADAPTERS)('Behind a proxy that takes a prefix off, on %s,', (adapter) => {
  async function start(
    prefix: string,
    hostedUi: Partial<CognitoHostedUiOptions>,
    configure?: (app: INestApplication) => void,
  ): Promise<Browser> {
    const hosted = await HostedApp.start(adapter, server, {
      hostedUi: { logoutUri: `${SITE}/shop/`, ...hostedUi },
      configure,
    });
    onTestFinished(() => hosted.close());
    return new Browser({ [SITE]: await startProxy(prefix, hosted.place) });
  }

  it.each([
    ['/shop/orders?page=2', '/shop/orders?page=2'],
    ['/shop/auth/login', '/shop/'],
    ['/shop/auth/login?returnTo=/shop/feed', '/shop/feed'],
    // Another application of the same site.
    ['/shop/auth/login?returnTo=/elsewhere', '/elsewhere'],
  ])('a sign-in that begins at %s ends at %s', async (opened, expected) => {
    const browser = await start('/shop', { redirectUri: `${SITE}/shop/auth/callback` });
    const page = await browser.open(SITE + opened);
    const { url } = await browser.signIn(page, 'alice', PASSWORD);
    expect(url.pathname + url.search).toBe(expected);
  });

  it('a path of the application in "afterLogin" is the one that browsers see', async () => {
    const redirectUri = `${SITE}/shop/auth/callback`;
    const browser = await start('/shop', { redirectUri, afterLogin: '/start' });
    const page = await browser.open(`${SITE}/shop/auth/login`);
    expect((await browser.signIn(page, 'alice', PASSWORD)).url.pathname).toBe('/start');
  });

  it('a global prefix stands after it', async () => {
    const redirectUri = `${SITE}/shop/v1/api/auth/callback`;
    const browser = await start('/shop', { redirectUri }, (app) => app.setGlobalPrefix('v1/api'));
    const page = await browser.open(`${SITE}/shop/v1/api/orders`);
    const { status, url } = await browser.signIn(page, 'alice', PASSWORD);
    expect([status, url.pathname]).toEqual([200, '/shop/v1/api/orders']);
  });

  it('a global prefix that leaves these routes out is no part of it', async () => {
    const redirectUri = `${SITE}/shop/auth/callback`;
    const browser = await start('/shop', { redirectUri }, (app) =>
      app.setGlobalPrefix('v1/api', { exclude: ['auth/*path'] }),
    );
    const page = await browser.open(`${SITE}/shop/v1/api/orders`);
    const { status, url } = await browser.signIn(page, 'alice', PASSWORD);
    expect([status, url.pathname]).toEqual([200, '/shop/v1/api/orders']);
  });

  it('a callback that leads to no route stops the boot', async () => {
    const starting = start('', { redirectUri: `${SITE}/auth/callback` }, (app) =>
      app.setGlobalPrefix('v1/api'),
    );
    await expect(starting).rejects.toThrow(
      '"redirectUri" must end with /v1/api/auth/callback, where this application has the callback',
    );
  });
});

it('An application that Express mounts in another one finds its way back', async () => {
  const { default: express } = await import('express');
  const hosted = await HostedApp.start('express', server, {
    hostedUi: { redirectUri: `${SITE}/shop/auth/callback`, logoutUri: `${SITE}/shop/` },
  });
  const outer = express();
  outer.use('/shop', hosted.app.getHttpAdapter().getInstance() as () => void);
  const listening = outer.listen(0, '127.0.0.1');
  onTestFinished(async () => {
    listening.close();
    await hosted.close();
  });
  await once(listening, 'listening');
  const place = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  const browser = new Browser({ [SITE]: place });
  const page = await browser.open(`${SITE}/shop/orders`);
  const { status, url } = await browser.signIn(page, 'alice', PASSWORD);
  expect([status, url.pathname]).toEqual([200, '/shop/orders']);
});
