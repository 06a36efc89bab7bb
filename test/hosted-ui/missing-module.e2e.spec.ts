import { Controller, Get, UseFilters } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Authenticated, CognitoAuthModule, CognitoAuthOptionsError } from 'nestjs-cognito-auth';
import {
  CognitoHostedUiModule,
  CognitoHostedUiService,
  fromSession,
  RedirectToLogin,
  RedirectToLoginFilter,
} from 'nestjs-cognito-auth/hosted-ui';
import { withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import type { WebSocketAdapter } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, startApp } from '../support/app.js';
import { refusalOf } from './browser.js';
import { APP, HostedApp, PASSWORD, SECRET, startPool } from './hosted-app.js';
import { Browser } from './browser.js';

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());

@Controller()
class Page {
  @Get('page')
  @Authenticated()
  @RedirectToLogin()
  page() {
    return {};
  }
}

@Controller()
@UseFilters(RedirectToLoginFilter)
class FilteredPage {
  @Get('page')
  @Authenticated()
  page() {
    return {};
  }
}

const filter = { provide: APP_FILTER, useClass: RedirectToLoginFilter };

it('CognitoHostedUiModule that is imported as it is stops the boot', async () => {
  const imports = [CognitoAuthModule.forRoot(server.options()), CognitoHostedUiModule];
  await expect(startApp('express', { imports })).rejects.toMatchObject({
    name: 'CognitoAuthOptionsError',
    problems: [expect.stringContaining('"imports" has CognitoHostedUiModule itself')],
  });
});

it.each([null, undefined])('CognitoHostedUiModule.forRoot(%s) stops the boot', async (options) => {
  const hostedUi = () => CognitoHostedUiModule.forRoot(options as never);
  const starting = async () =>
    startApp('express', { imports: [CognitoAuthModule.forRoot(server.options()), hostedUi()] });
  await expect(starting()).rejects.toMatchObject({
    name: 'CognitoAuthOptionsError',
    problems: expect.arrayContaining([expect.stringContaining('"redirectUri" must be')]),
  });
});

describe.each(ADAPTERS)('Without CognitoHostedUiModule, on %s,', (adapter) => {
  it('fromSession() stops the boot and says what is missing', async () => {
    const auth = CognitoAuthModule.forRoot(server.options({ tokenFrom: fromSession() }));
    const starting = startApp(adapter, { imports: [auth] });
    await expect(starting).rejects.toThrow(CognitoAuthOptionsError);
    await expect(starting).rejects.toThrow(
      '"tokenFrom" has fromSession(), but nothing makes sessions: add CognitoHostedUiModule.forRoot(',
    );
  });

  it.each([
    ['on a route', { controllers: [Page] }],
    ['as a filter', { controllers: [FilteredPage] }],
    ['as a filter of all routes', { providers: [filter] }],
  ])('@RedirectToLogin() %s stops the boot and says what is missing', async (_, module) => {
    const imports = [CognitoAuthModule.forRoot(server.options())];
    const starting = startApp(adapter, { ...module, imports });
    await expect(starting).rejects.toThrow(CognitoAuthOptionsError);
    await expect(starting).rejects.toThrow(
      '@RedirectToLogin() has nowhere to log in: add CognitoHostedUiModule.forRoot(',
    );
  });

  it('fromSession() of sockets stops the boot', async () => {
    const imports = [CognitoAuthModule.forRoot(server.options())];
    const starting = startApp(
      adapter,
      { imports },
      {
        configure: (app) => {
          const sockets: WebSocketAdapter = new IoAdapter(app);
          app.useWebSocketAdapter(withCognitoAuth(app, sockets, { tokenFrom: fromSession() }));
        },
      },
    );
    await expect(starting).rejects.toThrow('"tokenFrom" has fromSession(), but nothing');
  });
});

describe.each(ADAPTERS)('A test on %s that replaces CognitoHostedUiService', (adapter) => {
  it('boots, and the pages go on to work', async () => {
    const mock = { session: async () => null };
    const testing = await Test.createTestingModule({
      imports: [
        CognitoAuthModule.forRoot(server.options({ tokenFrom: fromSession({ refresh: true }) })),
        CognitoHostedUiModule.forRoot({
          domain: server.domain,
          clientId: 'web',
          redirectUri: `${APP}/auth/callback`,
          logoutUri: `${APP}/bye`,
          cookies: { secret: SECRET },
        }),
      ],
      controllers: [Page],
    })
      .overrideProvider(CognitoHostedUiService)
      .useValue(mock)
      .compile();
    const platform =
      adapter === 'express'
        ? new (await import('@nestjs/platform-express')).ExpressAdapter()
        : new (await import('@nestjs/platform-fastify')).FastifyAdapter();
    const app = testing.createNestApplication(platform, { logger: false });
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
    expect(app.get(CognitoHostedUiService)).toBe(mock);
    const browser = new Browser({ [APP]: await app.getUrl() });
    const page = await browser.open(`${APP}/page`);
    expect((await browser.signIn(page, 'alice', PASSWORD)).body).toBe('{}');
  });
});

it('A filter that the application has made itself answers', async () => {
  const hosted = await HostedApp.start('express', server, {
    configure: (app) => app.useGlobalFilters(new RedirectToLoginFilter(app.getHttpAdapter())),
  });
  onTestFinished(() => hosted.close());
  const sent = await hosted.browser().navigate(`${APP}/cacheable`);
  expect([sent.status, sent.headers.get('location')]).toEqual([
    302,
    '/auth/login?returnTo=%2Fcacheable',
  ]);
  expect(refusalOf(await hosted.browser().call(`${APP}/cacheable`))).toEqual([
    401,
    'missing_token',
  ]);
});
