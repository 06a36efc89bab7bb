import { ConfigurableModuleBuilder } from '@nestjs/common';
import type {
  CanActivate,
  ConfigurableModuleOptionsFactory,
  DynamicModule,
  FactoryProvider,
  ModuleMetadata,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CognitoGuard } from './access/cognito.guard.js';
import { GlobalGuards } from './access/global-guards.js';
import { hookProviders, HOOKS } from './access/hooks.js';
import type {
  GroupsProvider,
  HookName,
  IdentityResolver,
  PermissionsProvider,
  ProviderOf,
} from './access/hooks.js';
import type { CognitoAuthOptions } from './cognito-auth.options.js';
import type { RevocationStore } from './revocation/revocation-store.js';

/** What is decided when the module is written down, not when its options are known. */
export interface CognitoAuthExtras {
  /**
   * Whether every module of the application can use the guard without importing this one.
   *
   * Default: true.
   */
  isGlobal?: boolean;

  /**
   * Whether every route is protected unless it says `@Public()` or `@OptionalAuth()`; and so every
   * handler of messages, also those of `app.connectMicroservice()` without `inheritAppConfig`.
   *
   * Nest runs the `APP_GUARD`s of the importing modules before those of imported ones. Where they
   * read the user, leave this out and list `{ provide: APP_GUARD, useExisting: CognitoGuard }`
   * before them.
   *
   * Default: false.
   */
  protectAll?: boolean;

  /**
   * Modules whose providers the hooks inject, when those modules are not global.
   *
   * Default: none.
   */
  imports?: ModuleMetadata['imports'];

  /**
   * Turns the sender of a token into the user of the application.
   *
   * Default: the user is the principal.
   */
  identity?: ProviderOf<IdentityResolver>;

  /**
   * Replaces the claim `cognito:groups` as the source of groups.
   *
   * Default: the claim.
   */
  groups?: ProviderOf<GroupsProvider>;

  /**
   * Says what a caller may do, for `@Permissions()`.
   *
   * Default: none; `@Permissions()` stops the boot.
   */
  permissions?: ProviderOf<PermissionsProvider>;

  /**
   * Asked on every request whether the token was revoked.
   *
   * Default: none; a token is valid until it expires.
   */
  revocation?: ProviderOf<RevocationStore>;
}

const EXTRAS: CognitoAuthExtras = {
  isGlobal: true,
  protectAll: false,
  imports: undefined,
  identity: undefined,
  groups: undefined,
  permissions: undefined,
  revocation: undefined,
};

const PROTECT_ALL: FactoryProvider<CanActivate> = {
  provide: APP_GUARD,
  useFactory: (guard: CognitoGuard, guards: GlobalGuards) => guards.protectAll(guard),
  inject: [CognitoGuard, GlobalGuards],
};

/** Creates the options of the module, for `forRootAsync({ useClass })` and `useExisting`. */
export type CognitoAuthOptionsFactory = ConfigurableModuleOptionsFactory<
  CognitoAuthOptions,
  'create'
>;

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN: COGNITO_AUTH_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<CognitoAuthOptions>({ moduleName: 'CognitoAuth' })
  .setClassMethodName('forRoot')
  .setExtras(EXTRAS, withExtras)
  .build();

function withExtras(definition: DynamicModule, extras: CognitoAuthExtras): DynamicModule {
  const providers = [...(definition.providers ?? [])];
  for (const hook of Object.keys(HOOKS) as HookName[]) {
    const given = extras[hook];
    if (given) providers.push(...hookProviders(hook, given));
  }
  if (extras.protectAll) providers.push(PROTECT_ALL);
  return {
    ...definition,
    global: extras.isGlobal,
    imports: [...(definition.imports ?? []), ...(extras.imports ?? [])],
    providers,
  };
}
