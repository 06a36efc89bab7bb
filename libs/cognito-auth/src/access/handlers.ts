import type { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { membersOf, methodNamesOf } from './members.js';

/** Metadata of `@WebSocketGateway()`, on a class, and of `@SubscribeMessage()`, on its methods. */
const GATEWAY = 'websockets:is_gateway';
const MESSAGE = 'websockets:message_mapping';

/** What the decorators of @nestjs/graphql leave on a method that serves an operation or a field. */
export const GRAPHQL = {
  type: 'graphql:resolver_type',
  field: 'graphql:resolve_property',
  reference: 'graphql:resolve_reference',
} as const;

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

/**
 * Every decorated method of these classes of the application; methods without one serve nobody. Of
 * what Nest did not create from a class, only methods that are meant to be served: others have it as
 * the stand-in of a class, or hand on what another module created.
 */
export function handlersOf(
  modules: ModulesContainer,
  kinds: readonly ('controllers' | 'providers')[],
): Handler[] {
  const created = classesOf(modules);
  return [...modules.values()].flatMap((module) =>
    kinds
      .flatMap((kind) => [...module[kind].values()])
      .flatMap((wrapper) => {
        if (!wrapper.isNotMetatype) return methodsOf(wrapper.metatype as Target, module);
        const controller = classOf(wrapper);
        if (!controller || created.has(controller)) return [];
        return methodsOf(controller, module).filter(isServedByProvider);
      }),
  );
}

/** Whether Nest serves this method of a provider by a transport of its own. */
export function isServedByProvider({ controller, handler }: Handler): boolean {
  if (isGateway(controller) && Reflect.hasMetadata(MESSAGE, handler)) return true;
  return Object.values(GRAPHQL).some((key) => Reflect.hasMetadata(key, handler));
}

/** Whether a class has `@WebSocketGateway()`. */
export function isGateway(controller: Target): boolean {
  return Reflect.hasMetadata(GATEWAY, controller);
}

/** What Nest created an instance from, in any module. */
function classesOf(modules: ModulesContainer): Set<unknown> {
  return new Set(
    [...modules.values()].flatMap(({ providers }) =>
      Array.from(providers.values())
        .filter(({ isNotMetatype }) => !isNotMetatype)
        .map(({ metatype }) => metatype),
    ),
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

/** The class of what a provider is that Nest did not create from one. */
function classOf({ isAlias, instance }: InstanceWrapper): Target | undefined {
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
