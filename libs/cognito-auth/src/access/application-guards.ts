import type { CanActivate, Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import { isCognitoGuard } from './rule-metadata.js';

/** The guards of `protectAll`, which a test may have replaced by others than ours. */
const protectors = new WeakSet<object>();

/** The global guards that applications had when Nest had bound their routes. */
const bound = new WeakMap<ApplicationConfig, readonly CanActivate[]>();

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

/** Notes that the routes are bound: a guard that becomes global later runs for none of them. */
export function noteBinding(application: ApplicationConfig): void {
  bound.set(application, application.getGlobalGuards());
}

/** Whether a guard of ours runs for every handler of an application; with a class, one of that. */
export function isGuardedGlobally(application: ApplicationConfig, type?: Type): boolean {
  const guards = bound.get(application) ?? application.getGlobalGuards();
  return (
    guards.some(
      (guard) => isOurs(guard) && (!type || protectors.has(guard) || guard instanceof type),
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

/** What is wrong with the global guards of an application, or of a part of one. */
export function problemsOfGuardClasses(application?: ApplicationConfig): string[] {
  return ((application?.getGlobalGuards() ?? []) as unknown[])
    .filter((guard): guard is Type => typeof guard === 'function' && isCognitoGuard(guard))
    .map(
      ({ name }) =>
        `The global guard ${name} is a class, which protects nothing: set the option "protectAll", or give the instance, app.useGlobalGuards(app.get(${name})).`,
    );
}
