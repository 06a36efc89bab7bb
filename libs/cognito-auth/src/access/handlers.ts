import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { membersOf, methodNamesOf } from './members.js';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
type Target = Function;

/** A method of a controller, or of a provider such as a gateway or a resolver. */
export interface Handler {
  readonly controller: Target;
  readonly name: string;
  readonly handler: Target;
  /** The module that declares the class. */
  readonly module: Module;
}

/** Every decorated method of these classes of the application; methods without one serve nobody. */
export function handlersOf(
  modules: ModulesContainer,
  kinds: readonly ('controllers' | 'providers')[],
): Handler[] {
  return [...modules.values()].flatMap((module) =>
    kinds
      .flatMap((kind) => [...module[kind].values()])
      .map(classOf)
      .filter((controller) => controller !== undefined)
      .flatMap((controller) => methodsOf(controller, module)),
  );
}

/** The method of a class for which one of its instances has a function, or the function itself. */
export function methodBehind(
  handler: Target,
  controller: Target,
  modules: ModulesContainer,
): Target {
  const prototype = controller.prototype as Record<string, Target> | undefined;
  const name = [...modules.values()]
    .flatMap(({ controllers, providers }) => [controllers, providers])
    .map((wrappers) => wrappers.get(controller)?.instance as object | undefined)
    .flatMap((instance) => (instance ? membersOf(instance, handler) : []))
    .at(0);
  return (name !== undefined && prototype?.[name]) || handler;
}

/** The class of what a provider is, also where Nest did not create it from a class. */
function classOf({ metatype, isNotMetatype, isAlias, instance }: InstanceWrapper) {
  if (!isNotMetatype) return metatype as Target;
  if (isAlias || typeof instance !== 'object' || instance === null) return undefined;
  const prototype = Object.getPrototypeOf(instance) as { constructor?: Target } | null;
  return prototype?.constructor;
}

function methodsOf(controller: Target, module: Module): Handler[] {
  const prototype = controller.prototype as Record<string, unknown> | undefined;
  return methodNamesOf(prototype ?? null)
    .map((name) => ({ controller, module, name, handler: prototype?.[name] as Target }))
    .filter(({ handler }) => Reflect.getMetadataKeys(handler).length > 0);
}
