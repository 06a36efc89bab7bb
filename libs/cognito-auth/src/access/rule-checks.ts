import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleInit } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import { noteBinding, problemsOfGlobalGuards } from './application-guards.js';
import { AccessControl, isCheckClass } from './access-control.js';
import { CognitoGuard } from './cognito.guard.js';
import { ruledTypes, unguardedFields } from './graphql-fields.js';
import { handlersOf } from './handlers.js';
import type { Handler } from './handlers.js';
import { HOOKS } from './hooks.js';
import type { HookName } from './hooks.js';
import { accessRulesOf, forgetRules } from './rule-metadata.js';
import { lostClassOf, lostGuardOf } from './served-rules.js';

/** Stops the boot when a rule can never be decided, and creates the classes of `@Check()`. */
@Injectable()
export class RuleChecks implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger(RuleChecks.name);

  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ApplicationConfig) private readonly application: ApplicationConfig,
  ) {}

  /** @throws CognitoAuthOptionsError */
  async onModuleInit(): Promise<void> {
    // Factories of libraries may have decorated their classes by now.
    forgetRules();
    const handlers = handlersOf(this.modules, ['controllers', 'providers']);
    const problems = [
      ...problemsOfGlobalGuards(this.application),
      ...this.problemsOfHooks(),
      ...handlers.flatMap((handler) => this.problemsOf(handler)),
      ...handlers.flatMap((handler) => this.lostRulesOf(handler)),
      ...this.problemsOfFields(handlers),
    ];
    if (problems.length > 0) throw new CognitoAuthOptionsError([...new Set(problems)]);
    // Another application of the process may be the one that serves the type.
    for (const type of ruledTypes(handlers, this.modules)) {
      this.logger.warn(`The rule of ${type} ${ON_A_TYPE}`);
    }
    await Promise.all(handlers.flatMap((handler) => this.createChecks(handler)));
  }

  onApplicationBootstrap(): void {
    noteBinding(this.application);
  }

  private problemsOfHooks(): string[] {
    return (Object.keys(HOOKS) as HookName[])
      .filter((hook) => this.isRequestScoped(HOOKS[hook]))
      .map((hook) => `The hook "${hook}" ${REQUEST_SCOPED}`);
  }

  private problemsOfFields(handlers: readonly Handler[]): string[] {
    return unguardedFields(handlers, this.modules, this.application).map(
      ({ controller, name }) => `The rule of ${controller.name}.${name} ${FIELD_WITHOUT_GUARD}`,
    );
  }

  private lostRulesOf(handler: Handler): string[] {
    const { injectables } = handler.module;
    const guard = lostGuardOf(handler, this.application, (type) => injectables.has(type));
    return [guard, lostClassOf(handler)].filter((problem) => problem !== undefined);
  }

  private problemsOf({ controller, handler, name, module }: Handler): string[] {
    const { permissions, userPools, checks = [] } = accessRulesOf(handler, controller);
    const place = `${controller.name}.${name}`;
    const registrations = this.registrationsOf(module);
    const problems = checks
      .filter(({ policy }) => this.isRequestScoped(policy))
      .map(({ policy }) => `@Check(${policy.name}) on ${place} ${REQUEST_SCOPED}`);
    if (permissions && !registrations.every((registration) => registration.permissions)) {
      problems.push(`@Permissions() on ${place} needs the option "permissions", a hook.`);
    }
    const known = registrations.flatMap(({ verifier }) =>
      verifier.options.userPools.map((pool) => pool.name),
    );
    const names = known.map((pool) => `"${pool}"`).join(', ');
    const unknown = userPools?.filter((pool) => !known.includes(pool)) ?? [];
    return problems.concat(
      unknown.map(
        (pool) => `@UserPool() on ${place} names "${pool}"; the user pools are ${names}.`,
      ),
    );
  }

  private createChecks({ controller, handler, module }: Handler): Promise<unknown>[] {
    const { checks = [] } = accessRulesOf(handler, controller);
    const types = checks.map(({ policy }) => policy).filter(isCheckClass);
    return this.registrationsOf(module).flatMap((registration) =>
      types.map((type) => registration.checkOf(type)),
    );
  }

  /** The registrations whose guard runs for the handlers of a module. */
  private registrationsOf(module: Module): AccessControl[] {
    const wrappers = [
      ...module.injectables.values(),
      ...this.application.getGlobalRequestGuards(),
    ].map(({ instance }): unknown => instance);
    const guards = [...wrappers, ...this.application.getGlobalGuards()].filter(
      (guard) => guard instanceof CognitoGuard,
    );
    // A guard per request is not created yet: it may be that of any registration.
    const isKnown = guards.every(({ access }) => access !== undefined);
    return isKnown ? [...new Set(guards.map(({ access }) => access))] : this.registrations();
  }

  private registrations(): AccessControl[] {
    return [...this.modules.values()]
      .map((module): unknown => module.providers.get(AccessControl)?.instance)
      .filter((instance) => instance instanceof AccessControl);
  }

  private isRequestScoped(token: unknown): boolean {
    return [...this.modules.values()].some(
      ({ providers }) => providers.get(token as string)?.isDependencyTreeStatic() === false,
    );
  }
}

const FIELD_WITHOUT_GUARD =
  'needs "fieldResolverEnhancers: [\'guards\']" in the options of GraphQLModule; without it Nest runs no guards for fields and references.';

const ON_A_TYPE =
  'is on a GraphQL type, for which Nest runs no guards: write the field as a @ResolveField() of its resolver, with the rule.';

const REQUEST_SCOPED =
  'is request-scoped, or injects something that is; it lives as long as the application and finds the request in its arguments.';
