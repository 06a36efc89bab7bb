import { isDeepStrictEqual } from 'node:util';
import type { CanActivate, Type } from '@nestjs/common';
import type { ApplicationConfig, NestContainer } from '@nestjs/core';
import type { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';
import { STATIC_CONTEXT } from '@nestjs/core/injector/constants.js';
import { CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import {
  isGuardedGlobally,
  isPlainGuard,
  noteBinding,
  problemsOfGuardClasses,
} from './application-guards.js';
import {
  classOf,
  membersCalled,
  membersOf,
  methodNamesOf,
  methodOf,
  noteMember,
  whileBinding,
} from './members.js';
import type { BindingKind, Member } from './members.js';
import {
  accessRulesOf,
  cognitoGuardsOf,
  decoratedAt,
  guardsOn,
  hasCognitoGuard,
  isCognitoGuard,
  isDecorated,
} from './rule-metadata.js';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
type Target = Function;

/** What finds the guards of a handler, when Nest binds it or calls it. */
interface HandlerGuards {
  readonly container?: NestContainer;
  /** That of the application, or of a part of it that was given one of its own. */
  readonly config?: ApplicationConfig;
}

type Create = (
  this: GuardsContextCreator,
  ...call: Parameters<GuardsContextCreator['create']>
) => CanActivate[];

/** What is changed in Nest. */
interface ContextCreator {
  create?: Create;
  reflectMethodMetadata?: unknown;
}

/** Where Nest runs what is written down already, however many applications start. */
const changed = new WeakSet<object>();

/** A handler, as its class knows it. */
interface Place {
  readonly controller: Target;
  readonly handler: Target;
  readonly name: string;
}

/**
 * Makes Nest run the guards that are written down for a method, whatever function it calls. Nest
 * itself looks for them on that function only; it does so here for every transport, at the boot or,
 * for what is made anew for each request, with the request.
 *
 * @throws Error when Nest has changed so that a rule could be lost without notice
 */
export function enforceRules(prototype: ContextCreator): void {
  if (changed.has(prototype)) return;
  const { create: createByNest } = prototype;
  if (!createByNest || !prototype.reflectMethodMetadata) {
    throw new Error('CognitoAuthModule does not know this version of Nest');
  }
  prototype.create = function createWithRules(instance, callback, ...place) {
    // Nest takes any function here; its type is that of a middleware.
    const handler = callback as unknown as Target;
    const controller = classOf(instance);
    const names = noteCalled(instance, handler, controller);
    const creator = readingAll(this, handler, cognitoGuardsOf(handler, controller));
    const found = createByNest.call(creator, instance, callback, ...place);
    const guards = creator as unknown as HandlerGuards;
    const application = guards.container?.applicationConfig ?? guards.config;
    const [module, contextId = STATIC_CONTEXT] = place;
    const isStatic = contextId === STATIC_CONTEXT;
    if (isStatic && application) {
      const running = this.getGlobalMetadata<CanActivate[]>();
      for (const name of names) noteBinding(application, { controller, name }, running);
    }
    const problems = isStatic ? problemsOfGuardClasses(guards.config) : [];
    // As Nest looks them up; not by asking the creator, which another copy of the library may have
    // put another one in front of.
    const injectables = guards.container?.getModules().get(module)?.injectables;
    const lost = lostGuardOf(
      { controller, handler, name: names[0] ?? handler.name },
      application,
      (type) => injectables?.has(type) ?? false,
    );
    if (lost) problems.push(lost);
    if (problems.length > 0) throw new CognitoAuthOptionsError(problems);
    return found;
  };
  changed.add(prototype);
}

type CreateNamed = (instance: object, callback: unknown, name: string, ...more: never[]) => unknown;

/** Learns for which method Nest binds a function, where it says so: for HTTP and GraphQL. */
export function learnNames(prototype: { create?: unknown }, kind: BindingKind): void {
  if (changed.has(prototype) || typeof prototype.create !== 'function') return;
  const createByNest = prototype.create as CreateNamed;
  prototype.create = function createNamed(...call: Parameters<CreateNamed>) {
    const [instance, , name] = call;
    return whileBinding({ instance, name, kind }, () => createByNest.apply(this, call));
  };
  changed.add(prototype);
}

/** Finds out which methods a function stands for; stops where that cannot be told and matters. */
function noteCalled(instance: object, handler: Target, controller: Target): readonly string[] {
  const prototype = Object.getPrototypeOf(instance) as object;
  const names = membersOf(instance, handler);
  const [name] = names;
  if (name === undefined || !haveSameRules(names.map((one) => ({ controller, name: one })))) {
    const possible = names.length > 0 ? names : methodNamesOf(prototype);
    const lost = possible.filter((method) => isDecorated(controller, method));
    if (lost.length > 0)
      throw new CognitoAuthOptionsError(lost.map((one) => LOST(controller, one)));
    return names;
  }
  const isHidden = instance.constructor !== controller;
  if (methodOf(prototype, name) === handler && !isHidden) return names;
  const member = { controller, name };
  // Without the class, what several of them have in common must have the same rules in all.
  if (isHidden && !haveSameRules([member, ...membersCalled(handler)])) {
    throw new CognitoAuthOptionsError([LOST(controller, name)]);
  }
  noteMember(handler, member);
  return names;
}

const LOST = (controller: Target, method: string) =>
  `The rule of ${controller.name}.${method} is lost: Nest calls another function, which does not tell what it stands for. Let that keep the name of the method, or write the rule on the class.`;

function haveSameRules(members: readonly Member[]): boolean {
  const [first, ...others] = members.map(({ controller, name }) => {
    const method = methodOf(controller.prototype as object, name) as Target;
    return [accessRulesOf(method, controller), cognitoGuardsOf(method, controller)];
  });
  return others.every((other) => isDeepStrictEqual(other, first));
}

/** The same, and it finds these guards for a function, too. */
function readingAll(
  creator: GuardsContextCreator,
  handler: Target,
  guards: readonly unknown[],
): GuardsContextCreator {
  const own = guardsOn(handler);
  const missing = guards.filter((guard) => !own.includes(guard));
  if (missing.length === 0) return creator;
  const reflectMethodMetadata = { value: () => [...missing, ...own] };
  return Object.create(creator, { reflectMethodMetadata }) as GuardsContextCreator;
}

/**
 * Says that Nest does not run a guard of ours that is written down for a handler, if that is so:
 * it looks for guards among what the module of the handler can inject, and skips what is not there.
 *
 * @param isFound whether that module has a guard
 */
export function lostGuardOf(
  place: Place,
  application: ApplicationConfig | undefined,
  isFound: (guard: Type) => boolean,
): string | undefined {
  const { controller, handler, name } = place;
  if (accessRulesOf(handler, controller).mode === 'public') return undefined;
  const guards = [
    ...guardsOn(controller).filter(isCognitoGuard),
    ...cognitoGuardsOf(handler, controller),
  ];
  const lost = guards.find(
    (guard): guard is Type =>
      isClass(guard) &&
      !isFound(guard) &&
      !(application && isGuardedGlobally(application, { controller, name }, { type: guard })),
  );
  return (
    lost &&
    `The rule of ${controller.name}.${name} is lost: Nest does not run ${lost.name} for it. ${remedyFor(lost, place)}.`
  );
}

function remedyFor(lost: Type, { controller, name }: Place): string {
  const global = isPlainGuard(lost)
    ? 'set the option "protectAll"'
    : `make ${lost.name} a global guard: "protectAll" does not run it`;
  const prototype = controller.prototype as object;
  const method = methodOf(prototype, name);
  if ([controller, ...(method ? [method] : [])].some((target) => guardsOn(target).includes(lost))) {
    return `List the class itself in "providers" (not useFactory, useValue or useClass), or ${global}`;
  }
  if (decoratedAt(prototype, name).some((target) => guardsOn(target).includes(lost))) {
    return `Write the rule above a decorator that wraps the method, or ${global}`;
  }
  return `The method overrides one that has the rule, which Nest does not see: write the rule, or @Public(), on ${controller.name}.${name} as well, or ${global}`;
}

/**
 * Says that the guard cannot see the rules of a class, if that is so: Nest tells it the class that
 * an instance names as its constructor, which mixins and decorators of classes may have changed.
 */
export function lostClassOf({ controller, handler }: Place): string | undefined {
  const { constructor: seen } = controller.prototype as { constructor: Target };
  const [ofClass, ofInstances] = [controller, seen].map((type) => [
    accessRulesOf(handler, type),
    cognitoGuardsOf(handler, type),
    hasCognitoGuard(type),
  ]);
  if (isDeepStrictEqual(ofClass, ofInstances)) return undefined;
  return `The rule of ${controller.name} is lost: its instances have another constructor, ${seen.name}, with other rules. Write the same rules on both, or let "${controller.name}.prototype.constructor" be the class.`;
}

function isClass(guard: unknown): guard is Type {
  return typeof guard === 'function';
}
