import 'reflect-metadata';
import { isDeepStrictEqual } from 'node:util';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { AccessMode, AccessRules, CheckRule } from './access-rules.js';
import { memberOf } from './members.js';

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

/** Where a class keeps, for each of its methods, the functions that carry rules. */
const DECORATED = 'cognito-auth:decorated';

/** What is written down for a handler of a controller. */
interface Declared {
  readonly rules: AccessRules;
  /** The guards of ours that Nest has to run for the method. */
  readonly guards: readonly unknown[];
}

/** Every class that has rules, on itself or on a method. */
const ruled = new Set<Target>();

let known = new WeakMap<Target, WeakMap<Target, Declared>>();

/** Has everything read anew: a library may decorate its classes while an application boots. */
export function forgetRules(): void {
  known = new WeakMap();
}

/** Notes that a class has rules. */
export function noteRuled(controller: Target): void {
  ruled.add(controller);
}

/** The classes of the process that have rules. */
export function ruledClasses(): readonly Target[] {
  return [...ruled];
}

/**
 * Notes that a function carries rules for a method: another decorator may put a function of its
 * own in its place, which has none.
 */
export function noteDecorated(prototype: object, name: string | symbol, decorated: Target): void {
  const others = decoratedAt(prototype, name).filter((other) => other !== decorated);
  Reflect.defineMetadata(DECORATED, [decorated, ...others], prototype, name);
}

/** The functions that carry rules for a method of this very class, the outermost first. */
export function decoratedAt(prototype: object, name: string | symbol): readonly Target[] {
  return (Reflect.getOwnMetadata(DECORATED, prototype, name) ?? []) as Target[];
}

/**
 * What a handler of a controller asks of its callers, once the guard runs.
 *
 * The nearest declaration wins: the method before the class, the class before the one it extends.
 * For the mode that is the nearest place that has one; for rules the nearest that has the kind, and
 * different kinds add up. A function that takes the place of the method, and a method that overrides
 * it, keep its rules; they do not keep `@Public()` and `@OptionalAuth()`, which were said of another
 * body. The answer is remembered until an application boots or a decorator is applied.
 */
export function accessRulesOf(handler: Target, controller: Target): AccessRules {
  return declaredFor(handler, controller).rules;
}

/** The guards of ours that are written down for a method, whatever function Nest calls. */
export function cognitoGuardsOf(handler: Target, controller: Target): readonly unknown[] {
  return declaredFor(handler, controller).guards;
}

/** Whether something is written down for this method, not just for its class. */
export function isDecorated(controller: Target, name: string): boolean {
  return placesOf(controller, name).some((place) => modeAt(place) !== undefined);
}

function declaredFor(handler: Target, controller: Target): Declared {
  let ofHandler = known.get(handler);
  if (!ofHandler) known.set(handler, (ofHandler = new WeakMap()));
  let declared = ofHandler.get(controller);
  if (!declared) ofHandler.set(controller, (declared = readDeclared(handler, controller)));
  return declared;
}

function readDeclared(handler: Target, seen: Target): Declared {
  const member = memberOf(handler, seen);
  const controller = member?.controller ?? seen;
  const [own = [handler], ...overridden] = member ? placesOf(controller, member.name) : [];
  const opening = overridden.findIndex((place) => !['required', undefined].includes(modeAt(place)));
  const kept = opening === -1 ? overridden : overridden.slice(0, opening);
  const inherited = own.includes(handler) ? kept : [[handler], ...kept];
  const places = [own, ...inherited];
  const rules: Record<string, unknown> = {
    mode:
      modeAt(own) ??
      inherited.map((place) => modeAt(place)).find((mode) => mode === 'required') ??
      modeOfClass(controller) ??
      'required',
  };
  for (const kind of RULES) {
    const value: unknown =
      places.map((place) => readAt(kind, place)).find((rule) => rule !== undefined) ??
      read(kind, controller);
    if (value !== undefined) rules[kind] = value;
  }
  const guards = new Set(places.flat().flatMap((place) => guardsOn(place).filter(isCognitoGuard)));
  return { rules: Object.freeze(rules) as unknown as AccessRules, guards: [...guards] };
}

/** The functions that stand for a method, in its class and then in those that it extends. */
function placesOf(controller: Target, name: string): Target[][] {
  const places: Target[][] = [];
  let prototype = controller.prototype as object | null;
  for (; prototype; prototype = Object.getPrototypeOf(prototype) as object | null) {
    const method: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
    const place = new Set(decoratedAt(prototype, name));
    if (typeof method === 'function') place.add(method);
    if (place.size > 0) places.push([...place]);
  }
  return places;
}

function readAt(kind: (typeof RULES)[number], place: readonly Target[]): unknown {
  const values = place
    .map((target): unknown => read(kind, target))
    .filter((value) => value !== undefined);
  // Each check of a method counts, wherever a decorator came between them.
  if (kind !== 'checks' || values.length < 2) return values[0];
  return Object.freeze(values.reduce<CheckRule[]>(withoutDoubles, []));
}

function withoutDoubles(checks: CheckRule[], more: unknown): CheckRule[] {
  const others = (more as CheckRule[]).filter((one) => !includesRule(checks, one));
  return [...checks, ...others];
}

/** Whether a rule is among others, by what it says: the names of a list have no order. */
export function includesRule(rules: readonly unknown[], rule: unknown): boolean {
  const sought = withSets(rule);
  return rules.some((other) => isDeepStrictEqual(withSets(other), sought));
}

function withSets(rule: unknown): unknown {
  if (Array.isArray(rule)) return new Set(rule);
  if (typeof rule !== 'object' || rule === null) return rule;
  return Object.fromEntries(Object.entries(rule).map(([name, value]) => [name, withSets(value)]));
}

function modeOfClass(controller: Target): AccessMode | undefined {
  let type: unknown = controller;
  for (; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
    const mode = modeAt([type], OF_CLASS);
    if (mode) return mode;
  }
  return undefined;
}

/** How to read what is written on a target, and whether it names the guard. */
interface Reader {
  has(key: string, target: Target): boolean;
  hasGuard(target: Target): boolean;
}

const OF_METHOD: Reader = {
  has: (key, target) => Reflect.hasMetadata(key, target),
  hasGuard: hasCognitoGuard,
};

/** Without what it has from the class that it extends; Nest copies the guards of that. */
const OF_CLASS: Reader = {
  has: (key, target) => Reflect.hasOwnMetadata(key, target),
  hasGuard(target) {
    const count = (type: Target) => guardsOn(type).filter(isCognitoGuard).length;
    return count(target) > count(Object.getPrototypeOf(target) as Target);
  },
};

/**
 * Where decorators of one place contradict each other, the strictest counts; `@UseGuards()` only
 * where nothing else is said.
 */
function modeAt(place: readonly Target[], reader = OF_METHOD): AccessMode | undefined {
  const has = (name: keyof typeof RULE_KEYS) =>
    place.some((target) => reader.has(RULE_KEYS[name], target));
  if (CLAIMS_PROTECTION.some(has)) return 'required';
  if (has('optional')) return 'optional';
  if (has('public')) return 'public';
  return place.some((target) => reader.hasGuard(target)) ? 'required' : undefined;
}

function read(name: keyof typeof RULE_KEYS, target: Target): unknown {
  return Reflect.getMetadata(RULE_KEYS[name], target);
}

/** Whether `@UseGuards()` on this handler or controller names the guard or a subclass of it. */
export function hasCognitoGuard(target: Target): boolean {
  return guardsOn(target).some(isCognitoGuard);
}

/** The guards that Nest reads from a handler or a controller. */
export function guardsOn(target: Target): unknown[] {
  return (Reflect.getMetadata(GUARDS_METADATA, target) ?? []) as unknown[];
}

/** Whether this is the guard, a subclass of it, or an instance of either. */
export function isCognitoGuard(guard: unknown): boolean {
  const type: unknown = typeof guard === 'function' ? guard : (guard as object | null)?.constructor;
  return typeof type === 'function' && COGNITO_GUARD in type;
}
