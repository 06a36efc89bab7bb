import { Controller, Get, Inject, Redirect, Req } from '@nestjs/common';
import { CognitoAuthModule, Public } from 'nestjs-cognito-auth';
import {
  CognitoHostedUiError,
  CognitoHostedUiModule,
  CognitoHostedUiService,
} from 'nestjs-cognito-auth/hosted-ui';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, createApp } from '../support/app.js';
import { Browser } from './browser.js';
import { APP, PASSWORD, SECRET, startPool } from './hosted-app.js';

@Controller('me')
@Public()
class OwnController {
  constructor(@Inject(CognitoHostedUiService) private readonly hostedUi: CognitoHostedUiService) {}

  @Get('enter')
  @Redirect()
  async enter(@Req() request: object) {
    return { url: await this.hostedUi.login(request, '/me') };
  }

  @Get('callback')
  @Redirect()
  async callback(@Req() request: object) {
    return { url: await this.hostedUi.callback(request) };
  }

  @Get()
  async me(@Req() request: object) {
    const session = await this.hostedUi.session(request);
    return { email: session?.identity.claims['email'] ?? null };
  }
}

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());

describe.each(ADAPTERS)('CognitoHostedUiService on %s', (adapter) => {
  it('signs users in for a controller of your own', async () => {
    const useFactory = async () => ({
      domain: server.domain,
      clientId: 'web',
      redirectUri: `${APP}/api/auth/callback`,
      logoutUri: `${APP}/bye`,
      cookies: { secret: SECRET },
    });
    const app = await createApp(
      adapter,
      {
        imports: [
          CognitoAuthModule.forRoot(server.options()),
          CognitoHostedUiModule.forRootAsync({ useFactory, path: false }),
        ],
        controllers: [OwnController],
      },
      { configure: (created) => created.setGlobalPrefix('api') },
    );
    onTestFinished(() => app.close());
    // The callback that the app client knows leads to the controller.
    const place = await app.getUrl();
    const browser = new Browser({ [APP]: place });
    expect((await browser.call(`${APP}/api/auth/login`)).status).toBe(404);

    const page = await browser.open(`${APP}/api/me/enter`);
    const callback = await browser.submit(page, 'alice', PASSWORD);
    const query = new URL(callback.headers.get('location') ?? '').search;
    const visit = await browser.navigate(`${APP}/api/me/callback${query}`);
    expect([visit.status, visit.headers.get('location')]).toEqual([302, '/me']);
    expect((await browser.call(`${APP}/api/me`)).body).toBe('{"email":"alice@example.com"}');
  });

  it('does not take anything for a request', async () => {
    const app = await createApp(adapter, {
      imports: [
        CognitoAuthModule.forRoot(server.options()),
        CognitoHostedUiModule.forRoot({
          domain: server.domain,
          clientId: 'web',
          redirectUri: 'http://localhost:3000/auth/callback',
          logoutUri: 'http://localhost:3000/',
        }),
      ],
    });
    onTestFinished(() => app.close());
    await expect(app.get(CognitoHostedUiService).session({})).rejects.toThrow(TypeError);
  });
});

describe('CognitoHostedUiError', () => {
  it('has the body of Nest, a code, and a challenge if it is a 401', () => {
    const error = new CognitoHostedUiError('session_expired', 'The session is over');
    expect(error.getResponse()).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      code: 'session_expired',
      message: 'The session is over',
    });
    expect(error.challenge('api')).toBe(
      'Bearer realm="api", error="invalid_token", error_description="The session is over"',
    );
    expect(new CognitoHostedUiError('invalid_state', '').challenge('api')).toBeUndefined();
  });
});
