import type { CanActivate, Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { bindingKind } from './members.js';
import type { BindingKind, Member } from './members.js';
import { COGNITO_GUARD, isCognitoGuard } from './rule-metadata.js';

/** The guards of `protectAll`, which a test may have replaced by others than ours. */
const protectors = new WeakSet<object>();

type Guards = readonly CanActivate[];

/** The global guards that Nest found for a method when it bound that: those that all bindings have. */
type Bound = Partial<Record<BindingKind, Guards>>;

/** By application and class, for the names of methods. */
const bound = new WeakMap<ApplicationConfig, WeakMap<object, Map<string, Bound>>>();

/** Lets a guard count as ours. */
export function countAsOurs(guard: CanActivate): CanActivate {
  protectors.add(guard);
  return guard;
}

/** Whether Nest runs this as a guard, and it is ours. */
export function isOurs(guard: CanActivate | null | undefined): boolean {
  return (
    typeof guard === 'object' &&
    typeof guard?.canActivate === 'function' &&
    (isCognitoGuard(guard) || protectors.has(guard))
  );
}

/**
 * Notes which global guards Nest runs for a method that it is binding: one that becomes global later
 * does not run for it. Gateways, routes, resolvers and message handlers are bound at different times.
 */
export function noteBinding(
  application: ApplicationConfig,
  { controller, name }: Member,
  guards: Guards,
): void {
  const methods = boundOf(application, controller) ?? new Map<string, Bound>();
  const { [bindingKind()]: earlier = guards, ...others } = methods.get(name) ?? {};
  const common = earlier.filter((guard) => guards.includes(guard));
  methods.set(name, { ...others, [bindingKind()]: common });
  const classes = bound.get(application) ?? new WeakMap<object, Map<string, Bound>>();
  bound.set(application, classes.set(classSeen(controller), methods));
}

/** Whether a guard of ours became global when Nest had bound this method already. */
export function isGuardedTooLate(application: ApplicationConfig, member: Member): boolean {
  return application.getGlobalGuards().some(isOurs) && !isGuardedGlobally(application, member);
}

/** Which guards are asked about. */
interface Question {
  /** Default: any of ours. */
  readonly type?: Type;
  /** Default: wherever the method is served. */
  readonly as?: BindingKind;
}

/** Whether a guard of ours runs for a method as a global one. */
export function isGuardedGlobally(
  application: ApplicationConfig,
  { controller, name }: Member,
  { type, as }: Question = {},
): boolean {
  const { route, other } = boundOf(application, controller)?.get(name) ?? {};
  const noted = [route, as === 'route' ? undefined : other].filter((list) => list !== undefined);
  // What is made for each request is never bound: the guards of that time run.
  const lists = noted.length > 0 ? noted : [application.getGlobalGuards()];
  return (
    lists.every((guards) =>
      guards.some((guard) => isOurs(guard) && (!type || isOfType(guard, type))),
    ) ||
    application
      .getGlobalRequestGuards()
      .some(
        ({ metatype }) =>
          typeof metatype === 'function' &&
          isCognitoGuard(metatype) &&
          (!type || metatype === type || metatype.prototype instanceof type),
      )
  );
}

/** Whether this is CognitoGuard itself, which `protectAll` runs; a subclass may do more than that. */
export function isPlainGuard(type: Type): boolean {
  return Object.hasOwn(type, COGNITO_GUARD);
}

/** What takes the place of the guard of `protectAll` in a test stands for that guard alone. */
function isOfType(guard: CanActivate, type: Type): boolean {
  return guard instanceof type || (protectors.has(guard) && isPlainGuard(type));
}

function boundOf(application: ApplicationConfig, controller: Member['controller']) {
  return bound.get(application)?.get(classSeen(controller));
}

/** The class that instances name as theirs, which is what Nest shows when it binds a method. */
function classSeen(controller: Member['controller']): object {
  return (controller.prototype as object | undefined)?.constructor ?? controller;
}

/** What is wrong with the global guards of an application, or of a part of one. */
export function problemsOfGuardClasses(application?: ApplicationConfig): string[] {
  return ((application?.getGlobalGuards() ?? []) as unknown[])
    .filter((guard): guard is Type => typeof guard === 'function' && isCognitoGuard(guard))
    .map(
      ({ name }) =>
        `The global guard ${name} is a class, which protects nothing: set the option "protectAll", or give the instance, app.useGlobalGuards(app.get(${name})).`,
    );
}
