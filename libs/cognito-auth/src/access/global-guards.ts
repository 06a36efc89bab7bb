import { Injectable } from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import type { ApplicationConfig, NestContainer } from '@nestjs/core';
import { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';
import { ExternalContextCreator } from '@nestjs/core/helpers/external-context-creator.js';
import { RouterExecutionContext } from '@nestjs/core/router/router-execution-context.js';
import { countAsOurs, isOurs } from './application-guards.js';
import { forgetRules } from './rule-metadata.js';
import { enforceRules, learnNames } from './served-rules.js';

/** What finds the guards of a handler, when Nest binds it or calls it. */
interface GuardsOfHandlers {
  readonly container?: NestContainer;
  /** That of the application, or of a part of it that was given one of its own. */
  readonly config?: ApplicationConfig;
}

type GuardsOf = (this: GuardsContextCreator, ...call: Call) => CanActivate[];
type Call = Parameters<GuardsContextCreator['getGlobalMetadata']>;

/** Where Nest finds guards as below already, however many applications start. */
const changed = new WeakSet<object>();

/**
 * Makes a guard of ours that is global for an application global for whatever that listens to.
 *
 * `app.connectMicroservice()` gives a microservice a configuration of its own, without the guards
 * of the application, unless it is told to inherit: whoever protects all would leave its handlers
 * open without knowing. A part of an application is known by its container; other guards, other
 * applications of the process, and those without a guard of ours stay as they are.
 */
@Injectable()
export class GlobalGuards {
  constructor() {
    inheritGuards(GuardsContextCreator.prototype);
    enforceRules(GuardsContextCreator.prototype);
    learnNames(RouterExecutionContext.prototype, 'route');
    learnNames(ExternalContextCreator.prototype, 'other');
    forgetRules();
  }

  /** Lets a guard count as ours. */
  protectAll(guard: CanActivate): CanActivate {
    return countAsOurs(guard);
  }
}

interface Inheritance {
  getGlobalMetadata?: GuardsOf;
}

/** @throws Error when Nest has changed so that an application could be open without notice */
export function inheritGuards(prototype: Inheritance): void {
  if (changed.has(prototype)) return;
  const { getGlobalMetadata: guardsByNest } = prototype;
  if (!guardsByNest) throw new Error('CognitoAuthModule does not know this version of Nest');
  prototype.getGlobalMetadata = function withGuardsOfApplication(...call) {
    const own = guardsByNest.apply(this, call);
    const inApplication = asApplication(this);
    if (!inApplication) return own;
    const inherited = guardsByNest
      .apply(inApplication, call)
      .filter((guard) => isOurs(guard) && !own.includes(guard));
    return [...inherited, ...own];
  };
  changed.add(prototype);
}

/** The same with the configuration of the application, unless it has that already. */
function asApplication(guards: GuardsContextCreator): GuardsContextCreator | undefined {
  const { container, config } = guards as unknown as GuardsOfHandlers;
  const value = container?.applicationConfig;
  if (!value || value === config) return undefined;
  return Object.create(guards, { config: { value } }) as GuardsContextCreator;
}
