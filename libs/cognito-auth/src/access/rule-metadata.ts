import 'reflect-metadata';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { AccessMode, AccessRules } from './access-rules.js';

/** Marks the guard class, and so its subclasses, without importing it. */
export const COGNITO_GUARD = Symbol.for('cognito-auth:guard');

/** Where decorators keep what a route asks for. */
export const RULE_KEYS = {
  public: 'cognito-auth:public',
  optional: 'cognito-auth:optional',
  authenticated: 'cognito-auth:authenticated',
  userPools: 'cognito-auth:user-pools',
  tokenUse: 'cognito-auth:token-use',
  principal: 'cognito-auth:principal',
  groups: 'cognito-auth:groups',
  scopes: 'cognito-auth:scopes',
  permissions: 'cognito-auth:permissions',
  checks: 'cognito-auth:checks',
} as const;

const RULES = [
  'userPools',
  'tokenUse',
  'principal',
  'groups',
  'scopes',
  'permissions',
  'checks',
] as const;
const CLAIMS_PROTECTION = ['authenticated', ...RULES] as const;

// oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
type Target = Function;

const known = new WeakMap<Target, WeakMap<Target, AccessRules>>();

/**
 * What a handler of a controller asks of its callers, once the guard runs.
 *
 * A rule on the handler replaces the rule of the same kind on the controller; different kinds add
 * up. Decorators do not change after the boot, so the answer is remembered.
 */
export function accessRulesOf(handler: Target, controller: Target): AccessRules {
  let ofHandler = known.get(handler);
  if (!ofHandler) known.set(handler, (ofHandler = new WeakMap()));
  let rules = ofHandler.get(controller);
  if (!rules) ofHandler.set(controller, (rules = readRules(handler, controller)));
  return rules;
}

function readRules(handler: Target, controller: Target): AccessRules {
  const rules: Record<string, unknown> = {
    mode: modeOf(handler) ?? modeOf(controller) ?? 'required',
  };
  for (const name of RULES) {
    const value: unknown = read(name, handler) ?? read(name, controller);
    if (value !== undefined) rules[name] = value;
  }
  return Object.freeze(rules) as unknown as AccessRules;
}

/** Where decorators of one place contradict each other, the strictest counts. */
function modeOf(target: Target): AccessMode | undefined {
  if (CLAIMS_PROTECTION.some((name) => read(name, target) !== undefined)) return 'required';
  if (read('optional', target)) return 'optional';
  if (read('public', target)) return 'public';
  return hasCognitoGuard(target) ? 'required' : undefined;
}

function read(name: keyof typeof RULE_KEYS, target: Target): unknown {
  return Reflect.getMetadata(RULE_KEYS[name], target);
}

/** Whether `@UseGuards()` on this handler or controller names the guard or a subclass of it. */
export function hasCognitoGuard(target: Target): boolean {
  const guards = (Reflect.getMetadata(GUARDS_METADATA, target) ?? []) as unknown[];
  return guards.some(isCognitoGuard);
}

/** Whether this is the guard, a subclass of it, or an instance of either. */
export function isCognitoGuard(guard: unknown): boolean {
  const type: unknown = typeof guard === 'function' ? guard : (guard as object | null)?.constructor;
  return typeof type === 'function' && COGNITO_GUARD in type;
}
