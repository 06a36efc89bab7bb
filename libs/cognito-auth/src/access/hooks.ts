import { HttpException } from '@nestjs/common';
import type { Abstract, ExecutionContext, FactoryProvider, Provider, Type } from '@nestjs/common';
import { CognitoAuthError, CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import type { CognitoPrincipal } from '../token/principal.js';

/**
 * Turns the sender of a verified token into the user of the application.
 *
 * Runs once per request, before the rules of the route and before later guards; its result is
 * `request.user` and `@CurrentUser()`. `null` refuses with 403 `unknown_user`.
 */
export interface IdentityResolver<User = unknown> {
  resolve(
    principal: CognitoPrincipal,
    context: ExecutionContext,
  ): Promise<User | null> | User | null;
}

/** Replaces the claim `cognito:groups` as the source of groups; runs once per request. */
export interface GroupsProvider {
  groupsOf(principal: CognitoPrincipal): Promise<readonly string[]> | readonly string[];
}

/** Says what a caller may do, for `@Permissions()`; runs at most once per request. */
export interface PermissionsProvider<User = unknown> {
  permissionsOf(
    principal: CognitoPrincipal,
    user: User,
  ): Promise<readonly string[]> | readonly string[];
}

/** A check of one's own, as a class that Nest injects into; for `@Check()`. */
export interface AccessCheck {
  /** What the client is told when the check fails. */
  readonly message?: string;
  check(principal: CognitoPrincipal, context: ExecutionContext): Promise<boolean> | boolean;
}

/** A class that Nest creates, or how to provide an instance otherwise; it lives as long as the application. */
export type ProviderOf<T> =
  | Type<T>
  | { useClass: Type<T> }
  | { useExisting: Type<T> | Abstract<T> | string | symbol }
  | { useValue: T }
  | Pick<FactoryProvider<T>, 'useFactory' | 'inject'>;

/** The injection tokens of the hooks. */
export const HOOKS = {
  identity: 'COGNITO_IDENTITY_RESOLVER',
  groups: 'COGNITO_GROUPS_PROVIDER',
  permissions: 'COGNITO_PERMISSIONS_PROVIDER',
  revocation: 'COGNITO_REVOCATION_STORE',
} as const;

export type HookName = keyof typeof HOOKS;

const METHODS: Record<HookName, readonly string[]> = {
  identity: ['resolve'],
  groups: ['groupsOf'],
  permissions: ['permissionsOf'],
  revocation: ['isRevoked', 'revoke'],
};

/**
 * The Nest providers for a hook.
 *
 * What is provided must be a hook: a factory that returns nothing would otherwise be taken for an
 * application without that hook, and open it.
 */
export function hookProviders(hook: HookName, given: ProviderOf<unknown>): Provider[] {
  const provide = `${HOOKS[hook]}:given`;
  const provider =
    typeof given === 'function' ? { provide, useClass: given } : { provide, ...given };
  return [
    provider as Provider,
    {
      provide: HOOKS[hook],
      useFactory: (provided: unknown) => checkHook(hook, provided),
      inject: [provide],
    },
  ];
}

function checkHook(hook: HookName, provided: unknown): unknown {
  const methods = METHODS[hook];
  const members = provided as Record<string, unknown> | null | undefined;
  if (methods.every((name) => typeof members?.[name] === 'function')) return provided;
  const expected = methods.map((name) => `${name}()`).join(' and ');
  throw new CognitoAuthOptionsError([
    `"${hook}" must provide an object with ${expected}, got ${kindOf(provided)}.`,
  ]);
}

function kindOf(provided: unknown): string {
  if (provided === null) return 'null';
  return typeof provided === 'object' ? 'another object' : typeof provided;
}

/**
 * Calls a hook of the application.
 *
 * @throws HttpException as the hook threw it; anything else becomes 503 `hook_failed`, which is
 * neither the caller's fault nor a way in
 */
export async function callHook<T>(hook: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof HttpException) throw error;
    throw hookFailed(hook, error);
  }
}

/** The answer when a hook of the application did not do its work. */
export function hookFailed(hook: string, cause: unknown): CognitoAuthError {
  return new CognitoAuthError(
    'hook_failed',
    `Access cannot be decided at the moment (${hook}); try again later`,
    { cause },
  );
}

/** The list of texts that a hook returned; anything else means that the hook failed. */
export function textsOf(hook: string, list: unknown): readonly string[] {
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw hookFailed(hook, new TypeError('The hook did not return a list of texts'));
}
