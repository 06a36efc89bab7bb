import { HttpException } from '@nestjs/common';
import type { Abstract, ExecutionContext, FactoryProvider, Provider, Type } from '@nestjs/common';
import { isObservable } from 'rxjs';
import { CognitoAuthError, CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import { isInstanceOf } from '../faults/foreign-errors.js';
import type { CognitoPrincipal } from '../token/principal.js';

/** Who a caller can be to the application: an object, a text that is not empty, or a number but 0. */
type Identity = (object & { readonly then?: undefined }) | string | number;

type Nobody = null | undefined | false;

/**
 * Turns the sender of a verified token into the user of the application.
 *
 * Runs once per request, before the rules of the route and before later guards; its result is
 * `request.user` and `@CurrentUser()`. `null`, `undefined` and `false` refuse with 403
 * `unknown_user`; what cannot be a user is 503 `hook_failed`: `true`, an empty text, 0 or `NaN`, a
 * function, an Observable.
 */
export interface IdentityResolver<User extends Identity | Nobody = Identity> {
  resolve(
    principal: CognitoPrincipal,
    context: ExecutionContext,
  ): Promise<User | Nobody> | User | Nobody;
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

/** The forms of a hook that is no class, as Nest names them. */
const FORMS = ['useClass', 'useExisting', 'useValue', 'useFactory'] as const;

/**
 * The problem of a hook as it was given, if there is one.
 *
 * Only a missing member means no hook: in a circular import of CommonJS a class is `undefined` while
 * modules are declared, and the application would start without its revocation.
 */
export function problemOfHook(hook: HookName, given: unknown): string | undefined {
  if (given === undefined || given === null) return missing(`"${hook}"`, given);
  if (typeof given === 'function') return isClassFor(hook, given) ? undefined : asFunction(hook);
  const forms = typeof given === 'object' ? (given as Record<string, unknown>) : {};
  const named = FORMS.filter((form) => form in forms);
  const used = named.find((form) => forms[form] !== undefined && forms[form] !== null);
  const [first] = named;
  if (first && !used) return missing(`"${hook}.${first}"`, forms[first]);
  if (!used) {
    return `"${hook}" must be a class, or an object with "useClass", "useExisting", "useValue" or "useFactory", got ${kindOf(given)}; ${asValue(hook)}.`;
  }
  const { [used]: value } = forms;
  if (used === 'useClass' && !isClassFor(hook, value)) return asFunction(`${hook}.useClass`, hook);
  if (used === 'useFactory' && typeof value !== 'function') {
    return `"${hook}.useFactory" must be a function, got ${kindOf(value)}.`;
  }
  return undefined;
}

/** The sentence about something that was named but has no value. */
export function missing(name: string, given: unknown): string {
  return `${name} is ${String(given)}; is there a circular import? Leave it out if none is meant.`;
}

function asFunction(name: string, hook = name as HookName): string {
  return `"${name}" must be a class, got a function; ${asValue(hook)}.`;
}

function asValue(hook: HookName): string {
  const methods = METHODS[hook].map((name) => `${name}: …`).join(', ');
  return `without a class write { useValue: { ${methods} } }`;
}

/** A function without methods and decorators would be called as if it were a class. */
function isClassFor(hook: HookName, given: unknown): boolean {
  if (typeof given !== 'function' || !isConstructor(given)) return false;
  const prototype = Object.getOwnPropertyDescriptor(given, 'prototype');
  // ECMA-262 §15.7.14: only the prototype of a class is read-only. One that was compiled to a function
  // is known by its methods, or by its decorators.
  if (prototype?.writable !== true) return true;
  const methods = METHODS[hook].some((name) => name in (prototype.value as object));
  return methods || Reflect.getMetadataKeys(given).length > 0;
}

function isConstructor(given: unknown): boolean {
  try {
    // Does not call it.
    Reflect.construct(Object, [], given as NewableFunction);
    return true;
  } catch {
    return false;
  }
}

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
 * @param name what the log calls it, if more is known than its kind
 * @throws HttpException as the hook threw it; anything else becomes 503 `hook_failed`, which is
 * neither the caller's fault nor a way in
 */
export async function callHook<T>(
  hook: string,
  call: () => T | Promise<T>,
  name = hook,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (isInstanceOf(error, HttpException)) throw error;
    throw hookFailed(hook, error, name);
  }
}

/** The answer when a hook of the application did not do its work. */
export function hookFailed(hook: string, cause: unknown, name = hook): CognitoAuthError {
  return new CognitoAuthError(
    'hook_failed',
    `Access cannot be decided at the moment (${hook}); try again later`,
    { cause, hook: name },
  );
}

/** Who a hook says that the caller is; `undefined` for nobody. Anything else means that it failed. */
export function identityIn(answer: unknown): Identity | undefined {
  if (answer === null || answer === undefined || answer === false) return undefined;
  if (isObservable(answer)) {
    throw hookFailed('identity', new TypeError('resolve() returned an Observable, not a promise'));
  }
  if (typeof answer === 'object') return answer;
  // What is false where the application asks for a user would be nobody to it, and admitted.
  if (typeof answer === 'string' && answer !== '') return answer;
  if (Number.isFinite(answer) && answer !== 0) return answer;
  throw hookFailed(
    'identity',
    new TypeError('resolve() returned neither a user nor null, undefined or false'),
  );
}

/** The list of texts that a hook returned; anything else means that the hook failed. */
export function textsOf(hook: string, list: unknown): readonly string[] {
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw hookFailed(hook, new TypeError('The hook did not return a list of texts'));
}
