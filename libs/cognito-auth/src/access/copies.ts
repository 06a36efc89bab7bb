import {
  PARAMTYPES_METADATA,
  ROUTE_ARGS_METADATA,
  SELF_DECLARED_DEPS_METADATA,
} from '@nestjs/common/constants.js';
import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Handler } from './handlers.js';

/** Marks what finds nothing when the module is that of another copy of the library. */
export const COPY = Symbol.for('cognito-auth:copy');

/** The mark of this copy: a process may have one by `import` and one by `require`, or two versions. */
export const THIS_COPY = Symbol('nestjs-cognito-auth');

export const TWO_COPIES =
  'Two copies of nestjs-cognito-auth are in use, and know nothing of each other: "npm ls nestjs-cognito-auth" shows two versions, which "npm dedupe" makes one; a bundle has a second copy when it reaches the library by import and by require, and needs one way or the library as an external.';

export function isOfAnotherCopy(value: unknown): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false;
  const copy: unknown = Reflect.get(value, COPY);
  // A mock may have whatever it is asked for.
  return typeof copy === 'symbol' && copy !== THIS_COPY;
}

/**
 * Whether a class of the application is, or injects, something of another copy: Nest would say that
 * the module which provides it is not imported.
 */
export function hasInjectedAnotherCopy(modules: ModulesContainer): boolean {
  return [...modules.values()]
    .flatMap(({ controllers, injectables, providers }) => [controllers, injectables, providers])
    .some((wrappers) =>
      Array.from(wrappers.values()).some((wrapper) => tokensOf(wrapper).some(isOfAnotherCopy)),
    );
}

function tokensOf({ metatype, inject }: InstanceWrapper): unknown[] {
  if (inject) return inject;
  if (typeof metatype !== 'function') return [];
  const written = (Reflect.getMetadata(SELF_DECLARED_DEPS_METADATA, metatype) ?? []) as {
    param?: unknown;
  }[];
  const typed = (Reflect.getMetadata(PARAMTYPES_METADATA, metatype) ?? []) as unknown[];
  return [metatype, ...typed, ...written.map(({ param }) => param)];
}

/** Whether a parameter of a handler is decorated by another copy: it would always be `undefined`. */
export function hasParameterOfAnotherCopy({ controller, name }: Handler): boolean {
  const parameters = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) as
    | Record<string, { factory?: unknown }>
    | undefined;
  return Object.values(parameters ?? {}).some(({ factory }) => isOfAnotherCopy(factory));
}
