import { MetadataScanner } from '@nestjs/core';
import type { ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';

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

const scanner = new MetadataScanner();

/** Every decorated method of these classes of the application; methods without one serve nobody. */
export function handlersOf(
  modules: ModulesContainer,
  kinds: readonly ('controllers' | 'providers')[],
): Handler[] {
  return [...modules.values()].flatMap((module) =>
    kinds
      .flatMap((kind) => [...module[kind].values()])
      .filter(({ metatype, inject }) => typeof metatype === 'function' && !inject)
      .flatMap(({ metatype }) => methodsOf(metatype as Target, module)),
  );
}

function methodsOf(controller: Target, module: Module): Handler[] {
  const prototype = controller.prototype as Record<string, unknown> | undefined;
  return scanner
    .getAllMethodNames(prototype ?? null)
    .map((name) => ({ controller, module, name, handler: prototype?.[name] as Target }))
    .filter(({ handler }) => Reflect.getMetadataKeys(handler).length > 0);
}
