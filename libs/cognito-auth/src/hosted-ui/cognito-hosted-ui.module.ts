import { Inject, Module } from '@nestjs/common';
import type { DynamicModule, NestModule } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  ASYNC_OPTIONS_TYPE,
  COGNITO_HOSTED_UI_OPTIONS,
  ConfigurableModuleClass,
  OPTIONS_TYPE,
  UNREGISTERED,
} from './cognito-hosted-ui.module-definition.js';
import { resolveHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { CognitoHostedUiService } from './cognito-hosted-ui.service.js';
import { CookieSessions } from './cookie-sessions.js';
import { FailureLog } from './failure-log.js';
import { HostedUi } from './hosted-ui.js';
import { IdentityProvider } from './identity-provider.js';
import { HOSTED_UI_PATH, RESOLVED_OPTIONS, SESSION_STORE, SESSIONS } from './injection-tokens.js';
import { Logins } from './logins.js';
import { Peers } from './peers.js';
import { Seal } from './seal.js';
import { SessionCookies } from './session-cookies.js';
import { SessionRefresher } from './session-refresher.js';
import { SessionStore } from './session-store.js';
import { StoredSessions } from './stored-sessions.js';
import { TokenPair } from './token-pair.js';

/** Signs the users of browsers in at the hosted pages of a Cognito user pool. */
@Module({
  providers: [
    UNREGISTERED,
    { provide: HOSTED_UI_PATH, useValue: false },
    {
      provide: RESOLVED_OPTIONS,
      useFactory: resolveHostedUiOptions,
      inject: [COGNITO_HOSTED_UI_OPTIONS, HOSTED_UI_PATH],
    },
    { provide: Peers, useFactory: () => Peers.load() },
    {
      provide: SESSION_STORE,
      useFactory: ({ store, timeout }: ResolvedHostedUiOptions) =>
        store && new SessionStore(store, timeout),
      inject: [RESOLVED_OPTIONS],
    },
    FailureLog,
    Seal,
    SessionCookies,
    {
      provide: SESSIONS,
      useFactory: (
        { cookies: { maxAge } }: ResolvedHostedUiOptions,
        cookies: SessionCookies,
        seal: Seal,
        store?: SessionStore,
      ) =>
        store
          ? new StoredSessions(cookies, store, seal, maxAge)
          : new CookieSessions(cookies, maxAge),
      inject: [RESOLVED_OPTIONS, SessionCookies, Seal, SESSION_STORE],
    },
    {
      provide: Logins,
      useFactory: (options: ResolvedHostedUiOptions, seal: Seal, store?: SessionStore) =>
        new Logins(options, seal, store),
      inject: [RESOLVED_OPTIONS, Seal, SESSION_STORE],
    },
    TokenPair,
    IdentityProvider,
    SessionRefresher,
    HostedUi,
    CognitoHostedUiService,
  ],
  exports: [CognitoHostedUiService],
})
export class CognitoHostedUiModule extends ConfigurableModuleClass implements NestModule {
  private isConnecting = false;

  /** @internal */
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(HostedUi) private readonly hostedUi: HostedUi,
  ) {
    super();
    this.connectEarly();
  }

  /**
   * Registers the routes `login`, `signup`, `forgot-password`, `passkeys`, `callback`, `session`,
   * `refresh` and `logout` below `/auth`, for one app client. Wrong options stop the boot with a list of what is wrong.
   *
   * @example `CognitoHostedUiModule.forRoot({ domain: 'https://example.auth.eu-west-1.amazoncognito.com', clientId: '1h57kf5cpq17m0eml12EXAMPLE', redirectUri: 'https://app.example.com/auth/callback', logoutUri: 'https://app.example.com/' })`
   */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    // What a circular import leaves is no object, and refused as one without members.
    return super.forRoot(Object(options) as typeof options);
  }

  /**
   * Registers the routes with options that are injected or awaited.
   *
   * `path`, `name`, `isGlobal` and `imports` stand beside `useFactory`, `useClass` or `useExisting`.
   *
   * @example `CognitoHostedUiModule.forRootAsync({ inject: [ConfigService], useFactory: (config) => config.get('hostedUi') })`
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** For every request, also for those outside of the global prefix, such as GraphQL's. */
  configure(): void {
    this.connectRequests();
  }

  /** Before whatever main.ts mounts by `app.use()`, where that is possible. */
  private connectEarly(): void {
    // A test has its server later than its providers; Nest up to 11.0 does not tell when.
    const { httpAdapter, init$ } = this.adapterHost as Partial<HttpAdapterHost>;
    const connect = () => {
      try {
        this.connectRequests();
      } catch {
        // Fastify takes no middleware yet: configure() is early enough for everything else.
      }
    };
    if (httpAdapter) connect();
    else init$?.subscribe(connect);
  }

  private connectRequests(): void {
    if (this.isConnecting) return;
    this.adapterHost.httpAdapter.use(this.hostedUi.middleware);
    this.isConnecting = true;
  }
}
