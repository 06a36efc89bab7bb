import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ACCESS_CONTROL, AccessControl } from './access/access-control.js';
import { CheckInstances } from './access/check-instances.js';
import { CognitoGuard } from './access/cognito.guard.js';
import { ExtractorChecks } from './access/extractor-checks.js';
import { GlobalGuards } from './access/global-guards.js';
import { MESSAGE_HANDLERS } from './access/message-handlers.js';
import { REGISTRATION_SCOPE } from './access/registration-scope.js';
import { RegisteredStrategy } from './access/registered-strategy.js';
import { RouteInventory } from './access/route-inventory.js';
import { RuleChecks } from './access/rule-checks.js';
import {
  ASYNC_OPTIONS_TYPE,
  COGNITO_AUTH_OPTIONS,
  COGNITO_GLOBAL_GUARD,
  ConfigurableModuleClass,
  misplacedExtras,
  OPTIONS_TYPE,
  problemOfSource,
  REGISTRATION_PROBLEMS,
  UNREGISTERED,
  withoutExtras,
  withSoundHooks,
} from './cognito-auth.module-definition.js';
import { CognitoAuthOptionsError } from './cognito-auth.errors.js';
import type { CognitoAuthOptions } from './cognito-auth.options.js';
import { resolveOptions } from './cognito-auth.resolved-options.js';
import type { ResolvedOptions } from './cognito-auth.resolved-options.js';
import { CognitoAuthService, RegisteredCognitoAuthService } from './cognito-auth.service.js';
import { TokenVerifier } from './strategy/token-verifier.js';
import { GraphqlOperations } from './transport/graphql-operations.js';

/** Protects the routes of an application with the tokens of Cognito user pools. */
@Module({
  providers: [
    UNREGISTERED,
    { provide: REGISTRATION_PROBLEMS, useValue: [] },
    {
      provide: TokenVerifier,
      useFactory: (options: CognitoAuthOptions | undefined, problems: readonly string[]) =>
        new TokenVerifier(resolveRegistration(options, problems)),
      inject: [COGNITO_AUTH_OPTIONS, REGISTRATION_PROBLEMS],
    },
    REGISTRATION_SCOPE,
    AccessControl,
    { provide: ACCESS_CONTROL, useExisting: AccessControl },
    CheckInstances,
    ExtractorChecks,
    GlobalGuards,
    MESSAGE_HANDLERS,
    GraphqlOperations,
    RegisteredStrategy,
    RouteInventory,
    RuleChecks,
    CognitoAuthService,
    { provide: RegisteredCognitoAuthService, useClass: CognitoAuthService },
    CognitoGuard,
    { provide: COGNITO_GLOBAL_GUARD, useExisting: CognitoGuard },
  ],
  exports: [
    ACCESS_CONTROL,
    COGNITO_GLOBAL_GUARD,
    CognitoAuthService,
    CognitoGuard,
    RegisteredCognitoAuthService,
  ],
})
export class CognitoAuthModule extends ConfigurableModuleClass {
  /**
   * Registers a Passport JWT strategy for one user pool, or several.
   *
   * What is not given is read from the environment: `COGNITO_USER_POOL_ID`, `COGNITO_REGION`,
   * `COGNITO_CLIENT_ID`, `COGNITO_TOKEN_USE`, `COGNITO_ISSUER`, `COGNITO_JWKS_URI`, `COGNITO_AUDIENCE` and
   * `COGNITO_CLOCK_TOLERANCE`. Wrong options stop the boot with a list of what is wrong.
   *
   * @example `CognitoAuthModule.forRoot({ userPoolId: 'eu-west-1_AbCdEf123', clientId: '1h57kf5cpq17m0eml12EXAMPLE' })`
   */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withSoundHooks(options, (sound) => super.forRoot(sound));
  }

  /**
   * Registers a Passport JWT strategy with options that are injected or awaited.
   *
   * `isGlobal`, `protectAll` and the hooks stand beside `useFactory`, `useClass` or `useExisting`.
   *
   * @example `CognitoAuthModule.forRootAsync({ inject: [ConfigService], useFactory: (config) => config.get('cognito') })`
   */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    const problem = problemOfSource(options ?? {});
    return withSoundHooks(options ?? {}, (sound) =>
      super.forRootAsync(problem === undefined ? sound : withoutSource(sound, problem)),
    );
  }
}

type AsyncOptions = typeof ASYNC_OPTIONS_TYPE;

/** A registration whose options nobody can ask for: to list what else is wrong would be guesswork. */
function withoutSource(options: AsyncOptions, problem: string): AsyncOptions {
  const useFactory = () => {
    throw new CognitoAuthOptionsError([problem]);
  };
  return { ...options, inject: [], useFactory };
}

/** @throws CognitoAuthOptionsError with everything that is wrong with the registration */
function resolveRegistration(
  options: CognitoAuthOptions | undefined,
  problems: readonly string[],
): ResolvedOptions {
  const misplaced = misplacedExtras(options);
  const all = [...problems, ...misplaced];
  try {
    const resolved = resolveOptions(misplaced.length > 0 ? withoutExtras(options) : options);
    if (all.length === 0) return resolved;
  } catch (error) {
    if (!(error instanceof CognitoAuthOptionsError)) throw error;
    all.push(...error.problems);
  }
  throw new CognitoAuthOptionsError(all);
}
