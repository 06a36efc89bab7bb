import { Controller, Delete, Get, Header, Patch, Post, Put, Res } from '@nestjs/common';
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import {
  Authenticated,
  CognitoAuthModule,
  CurrentUser,
  fromBearerHeader,
  OptionalAuth,
  TokenUse,
} from 'nestjs-cognito-auth';
import type { CognitoAuthExtras, CognitoAuthOptions, CognitoUser } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession, RedirectToLogin } from 'nestjs-cognito-auth/hosted-ui';
import type { CognitoHostedUiExtras, CognitoHostedUiOptions } from 'nestjs-cognito-auth/hosted-ui';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalClientSetup, LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { createApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { Browser } from './browser.js';

/** Where browsers find the applications of the tests. */
export const APP = 'https://app.example.com';

/** The secret of all sealed cookies of the tests. */
export const SECRET = 'a secret of the tests that is long enough';

/** What every user of the tests signs in with. */
export const PASSWORD = 'Correct-horse-7';

const URLS = {
  callbackUrls: [`${APP}/auth/callback`, `${APP}/api/auth/callback`],
  logoutUrls: [`${APP}/bye`],
};

const CLIENTS: LocalClientSetup[] = [
  { clientId: 'web', ...URLS },
  { clientId: 'rotating', refreshTokenRotation: true, ...URLS },
  { clientId: 'confidential', secret: 'wr1ttenAnd+signed', ...URLS },
];

/** A user pool that listens, with alice, who is in these groups, and bob, who is in none. */
export async function startPool(
  groups: readonly string[] = ['admin'],
): Promise<{ pool: LocalUserPool; server: LocalUserPoolServer }> {
  const pool = await LocalUserPool.create({
    clients: CLIENTS,
    users: [
      { username: 'alice', email: 'alice@example.com', groups, password: PASSWORD },
      { username: 'bob', password: PASSWORD },
    ],
  });
  return { pool, server: await pool.listen() };
}

@Controller()
class PagesController {
  @Get('orders')
  @Authenticated()
  @RedirectToLogin()
  orders(@CurrentUser() { username }: CognitoUser) {
    return { username };
  }

  @Get('id-only')
  @TokenUse('id')
  @RedirectToLogin()
  idOnly() {
    return {};
  }

  @Post('orders')
  @Authenticated()
  order(@CurrentUser() { username }: CognitoUser) {
    return { username };
  }

  @Put('orders')
  @Authenticated()
  replace(@CurrentUser() { username }: CognitoUser) {
    return { username };
  }

  @Patch('orders')
  @Authenticated()
  change(@CurrentUser() { username }: CognitoUser) {
    return { username };
  }

  @Delete('orders')
  @Authenticated()
  remove(@CurrentUser() { username }: CognitoUser) {
    return { username };
  }

  /** Sets the header as a whole, as many handlers do. */
  @Get('own-cookie')
  @Authenticated()
  ownCookie(
    @CurrentUser() { username }: CognitoUser,
    @Res({ passthrough: true }) response: { header(name: string, value: string): unknown },
  ) {
    response.header('Set-Cookie', 'theme=dark; Path=/');
    return { username };
  }

  @Get('cacheable')
  @Authenticated()
  @Header('Cache-Control', 'public, max-age=60')
  cacheable() {
    return {};
  }

  @Get('feed')
  @OptionalAuth()
  feed(@CurrentUser() user?: CognitoUser) {
    return { username: user?.username ?? 'anonymous' };
  }
}

/** How an application differs from the usual one. */
interface HostedAppSetup {
  readonly hostedUi?: Partial<CognitoHostedUiOptions> & CognitoHostedUiExtras;
  readonly auth?: CognitoAuthOptions & CognitoAuthExtras;
  /** Besides the modules of this library, and a controller with pages. */
  readonly module?: Pick<ModuleMetadata, 'imports' | 'controllers' | 'providers'>;
  readonly configure?: (app: INestApplication) => void;
  /** Default: nothing is logged. */
  readonly logger?: LoggerService;
}

/** An application of hosted pages that listens, and browsers that find it. */
export class HostedApp {
  private constructor(
    readonly app: INestApplication,
    readonly place: string,
  ) {}

  static async start(
    adapter: Adapter,
    server: LocalUserPoolServer,
    { hostedUi, auth, module, configure, logger }: HostedAppSetup = {},
  ): Promise<HostedApp> {
    const tokenFrom = [fromBearerHeader(), fromSession({ refresh: true })];
    const { store, ...others } = hostedUi ?? {};
    const imports = [
      CognitoAuthModule.forRoot({ ...server.options({ tokenFrom }), ...auth }),
      CognitoHostedUiModule.forRoot({
        domain: server.domain,
        clientId: 'web',
        redirectUri: `${APP}/auth/callback`,
        logoutUri: `${APP}/bye`,
        cookies: { secret: SECRET },
        ...others,
        ...(store && { store }),
      }),
      ...(module?.imports ?? []),
    ];
    const controllers = [PagesController, ...(module?.controllers ?? [])];
    const app = await createApp(
      adapter,
      { ...module, imports, controllers },
      { configure, logger },
    );
    return new HostedApp(app, await app.getUrl());
  }

  browser(): Browser {
    return new Browser({ [APP]: this.place });
  }

  /** A browser whose user has signed in. */
  async signedIn(username = 'alice', browser = this.browser()): Promise<Browser> {
    const page = await browser.open(`${APP}/auth/login?returnTo=/auth/session`);
    await browser.signIn(page, username, PASSWORD);
    return browser;
  }

  close(): Promise<void> {
    return this.app.close();
  }
}
