import { ConfigurableModuleBuilder } from '@nestjs/common';
import type {
  CanActivate,
  ConfigurableModuleOptionsFactory,
  DynamicModule,
  FactoryProvider,
  ModuleMetadata,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { GlobalGuards } from './access/global-guards.js';
import { hookProviders, HOOKS, missing, problemOfHook } from './access/hooks.js';
import type {
  GroupsProvider,
  HookName,
  IdentityResolver,
  PermissionsProvider,
  ProviderOf,
} from './access/hooks.js';
import { CognitoAuthOptionsError } from './cognito-auth.errors.js';
import type { CognitoAuthOptions } from './cognito-auth.options.js';
import type { RevocationStore } from './revocation/revocation-store.js';

/** What is decided when the module is written down, not when its options are known. */
export interface CognitoAuthExtras {
  /**
   * Whether every module of the application can use the guard without importing this one.
   *
   * Default: true.
   */
  isGlobal?: boolean | undefined;

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
  protectAll?: boolean | undefined;

  /**
   * Modules whose providers the hooks inject, when those modules are not global.
   *
   * Default: none.
   */
  imports?: ModuleMetadata['imports'] | undefined;

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

const EXTRAS: Record<keyof CognitoAuthExtras, unknown> = {
  isGlobal: true,
  protectAll: false,
  imports: undefined,
  identity: undefined,
  groups: undefined,
  permissions: undefined,
  revocation: undefined,
};

/**
 * The guard of `protectAll`, as a token of its own: Nest's testing module keeps one override for each
 * token, and `CognitoGuard` is that of the guards which routes name.
 *
 * @example `.overrideGuard(CognitoGuard).useValue(fake).overrideProvider(COGNITO_GLOBAL_GUARD).useValue(fake)`
 */
export const COGNITO_GLOBAL_GUARD = 'COGNITO_GLOBAL_GUARD';

const PROTECT_ALL: FactoryProvider<CanActivate> = {
  provide: APP_GUARD,
  useFactory: (guard: CanActivate, guards: GlobalGuards) => guards.protectAll(guard),
  inject: [COGNITO_GLOBAL_GUARD, GlobalGuards],
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
  .setExtras(EXTRAS as CognitoAuthExtras, withExtras)
  .build();

function withExtras(definition: DynamicModule, extras: CognitoAuthExtras): DynamicModule {
  const providers = [...(definition.providers ?? [])];
  for (const hook of HOOK_NAMES) {
    const given = extras[hook];
    if (given) providers.push(...hookProviders(hook, given));
  }
  if (extras.protectAll) providers.push(PROTECT_ALL);
  return {
    ...definition,
    global: extras.isGlobal ?? true,
    imports: [...(definition.imports ?? []), ...(extras.imports ?? [])],
    providers,
  };
}

const HOOK_NAMES = Object.keys(HOOKS) as HookName[];

/** Stands for the options of the module where it is imported as it is; a registration replaces it. */
export const UNREGISTERED: FactoryProvider<never> = {
  provide: COGNITO_AUTH_OPTIONS,
  useFactory: () => {
    throw new CognitoAuthOptionsError([
      '"imports" has CognitoAuthModule itself, which has no options; write CognitoAuthModule.forRoot() or forRootAsync(), once in the application.',
    ]);
  },
};

/** The token of the problems of a registration that are known before its options. */
export const REGISTRATION_PROBLEMS = 'COGNITO_REGISTRATION_PROBLEMS';

/**
 * A registration whose hooks are sound; of those that are not it only knows the problems, so that one
 * message can list them beside the wrong options.
 */
export function withSoundHooks<Options extends CognitoAuthExtras>(
  options: Options,
  register: (options: Options) => DynamicModule,
): DynamicModule {
  if (typeof options !== 'object' || options === null) {
    return withProblems(register({} as Options), [missing('The object with the options', options)]);
  }
  const sound = { ...options };
  const problems = HOOK_NAMES.filter((hook) => hook in options).flatMap((hook) => {
    const problem = problemOfHook(hook, options[hook]);
    if (problem === undefined) return [];
    delete sound[hook];
    return [problem];
  });
  return withProblems(register(sound), problems);
}

function withProblems(definition: DynamicModule, problems: readonly string[]): DynamicModule {
  return {
    ...definition,
    providers: [
      ...(definition.providers ?? []),
      { provide: REGISTRATION_PROBLEMS, useValue: problems },
    ],
  };
}

const SOURCES = ['useFactory', 'useClass', 'useExisting'] as const;

/** The problem of a `forRootAsync()` that has nothing to get options from. */
export function problemOfSource(options: object): string | undefined {
  const given = options as Record<string, unknown>;
  const named = SOURCES.filter((source) => source in given);
  const used = named.find((source) => given[source] !== undefined && given[source] !== null);
  if (used === 'useFactory' && typeof given[used] !== 'function') {
    return '"useFactory" of forRootAsync() must be a function that returns the options.';
  }
  if (used) return undefined;
  const [first] = named;
  return first
    ? missing(`"${first}" of forRootAsync()`, given[first])
    : 'forRootAsync() needs "useFactory", "useClass" or "useExisting"; options that are written out, or come from the environment, go to forRoot().';
}

/** Problems of extras among the options of a factory: Nest needs them before any factory runs. */
export function misplacedExtras(options?: object): string[] {
  // What is no object has no members, and is refused with the options.
  return Object.keys(options ?? {})
    .filter((name) => Object.hasOwn(EXTRAS, name))
    .map(
      (name) =>
        `"${name}" stands beside "useFactory", "useClass" or "useExisting" in forRootAsync(), not in the options that they return.`,
    );
}

/** The options alone, for the list of those that are wrong. */
export function withoutExtras<Options extends object>(options?: Options): Options {
  const entries = Object.entries(options ?? {}).filter(([name]) => !Object.hasOwn(EXTRAS, name));
  return Object.fromEntries(entries) as Options;
}
