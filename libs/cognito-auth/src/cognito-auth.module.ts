import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AccessControl } from './access/access-control.js';
import { CognitoGuard } from './access/cognito.guard.js';
import { ExtractorChecks } from './access/extractor-checks.js';
import { GlobalGuards } from './access/global-guards.js';
import { RegisteredStrategy } from './access/registered-strategy.js';
import { RouteInventory } from './access/route-inventory.js';
import { RuleChecks } from './access/rule-checks.js';
import {
  ASYNC_OPTIONS_TYPE,
  COGNITO_AUTH_OPTIONS,
  ConfigurableModuleClass,
  OPTIONS_TYPE,
} from './cognito-auth.module-definition.js';
import type { CognitoAuthOptions } from './cognito-auth.options.js';
import { resolveOptions } from './cognito-auth.resolved-options.js';
import { CognitoAuthService } from './cognito-auth.service.js';
import { TokenVerifier } from './strategy/token-verifier.js';

/** Protects the routes of an application with the tokens of Cognito user pools. */
@Module({
  providers: [
    {
      provide: TokenVerifier,
      useFactory: (options: CognitoAuthOptions | undefined) =>
        new TokenVerifier(resolveOptions(options)),
      inject: [COGNITO_AUTH_OPTIONS],
    },
    AccessControl,
    ExtractorChecks,
    GlobalGuards,
    RegisteredStrategy,
    RouteInventory,
    RuleChecks,
    CognitoAuthService,
    CognitoGuard,
  ],
  exports: [AccessControl, CognitoAuthService, CognitoGuard],
})
export class CognitoAuthModule extends ConfigurableModuleClass {
  /**
   * Registers a Passport JWT strategy for one user pool, or several.
   *
   * What is not given is read from the environment: `COGNITO_USER_POOL_ID`, `COGNITO_CLIENT_ID`,
   * `COGNITO_TOKEN_USE`, `COGNITO_ISSUER`, `COGNITO_JWKS_URI`, `COGNITO_AUDIENCE` and
   * `COGNITO_CLOCK_TOLERANCE`. Wrong options stop the boot with a list of what is wrong.
   *
   * @example `CognitoAuthModule.forRoot({ userPoolId: 'eu-west-1_AbCdEf123', clientId: '1h57kf5cpq17m0eml12EXAMPLE' })`
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * Registers a Passport JWT strategy with options that are injected or awaited.
   *
   * `isGlobal`, `protectAll` and the hooks stand beside `useFactory`, `useClass` or `useExisting`.
   *
   * @example `CognitoAuthModule.forRootAsync({ inject: [ConfigService], useFactory: (config) => config.get('cognito') })`
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }
}
