import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleInit } from '@nestjs/common';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import { isGuardedTooLate, problemsOfGuardClasses } from './application-guards.js';
import { AccessControl } from './access-control.js';
import { isCheckClass } from './check-instances.js';
import { CognitoGuard } from './cognito.guard.js';
import { effectiveRulesOf, namesGuard } from './effective-rules.js';
import { hasParameterOfAnotherCopy, TWO_COPIES } from './copies.js';
import { ruledTypes, unguardedFields } from './graphql-fields.js';
import { haveNoTokenInCommon, problemsOfGlobalGuards } from './guards-in-a-row.js';
import { handlersOf, isServedByProvider } from './handlers.js';
import type { Handler } from './handlers.js';
import { accessRulesOf, forgetRules } from './rule-metadata.js';
import { lostClassOf, lostGuardOf } from './served-rules.js';
import { problemsOfGraphqlContexts } from './shared-graphql-contexts.js';

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
      ...problemsOfGuardClasses(this.application),
      ...(await problemsOfGlobalGuards(this.application, this.modules)),
      ...(handlers.some(hasParameterOfAnotherCopy) ? [TWO_COPIES] : []),
      ...handlers.flatMap((handler) => this.problemsOf(handler)),
      ...(await Promise.all(handlers.map((handler) => this.problemsOfChecks(handler)))).flat(),
      ...handlers.flatMap((handler) => this.lostRulesOf(handler)),
      ...this.problemsOfFields(handlers),
      ...(await problemsOfGraphqlContexts(this.modules)),
    ];
    if (problems.length > 0) throw new CognitoAuthOptionsError([...new Set(problems)]);
    // Another application of the process may be the one that serves the type.
    for (const type of ruledTypes(handlers, this.modules)) {
      this.logger.warn(`The rule of ${type} ${ON_A_TYPE}`);
    }
    await Promise.all(handlers.flatMap((handler) => this.createChecks(handler)));
  }

  onApplicationBootstrap(): void {
    const late = handlersOf(this.modules, ['controllers', 'providers'])
      .filter((place) => effectiveRulesOf(place, this.application) === undefined)
      .filter((place) => isGuardedTooLate(this.application, place))
      .map(({ controller, name }) => `${controller.name}.${name}`);
    if (late.length > 0) this.logger.warn(`${TOO_LATE} ${late.join(', ')}`);
  }

  private async problemsOfChecks({
    controller,
    handler,
    name,
    module,
  }: Handler): Promise<string[]> {
    const checks = this.checkClassesOf({ controller, handler });
    const asked = this.registrationsOf(module).flatMap((registration) =>
      checks.map(async (check) => {
        const problem = await registration.checks.scopeProblemOf(check);
        return problem ? [`@Check(${check.name}) on ${controller.name}.${name} ${problem}`] : [];
      }),
    );
    return (await Promise.all(asked)).flat();
  }

  private problemsOfFields(handlers: readonly Handler[]): string[] {
    return unguardedFields(handlers, this.modules, this.application).map(
      ({ controller, name }) => `The rule of ${controller.name}.${name} ${FIELD_WITHOUT_GUARD}`,
    );
  }

  /** What Nest binds at the boot is looked at there, too; this finds what it makes for each request. */
  private lostRulesOf(handler: Handler): string[] {
    const { controllers, injectables } = handler.module;
    if (!controllers.has(handler.controller) && !isServedByProvider(handler)) return [];
    const guard = lostGuardOf(handler, this.application, (type) => injectables.has(type));
    return [guard, lostClassOf(handler)].filter((problem) => problem !== undefined);
  }

  private problemsOf({ controller, handler, name, module }: Handler): string[] {
    const rules = accessRulesOf(handler, controller);
    const { mode, permissions, userPools } = rules;
    const place = `${controller.name}.${name}`;
    const registrations = this.registrationsOf(module);
    // A test has replaced the guard, and nothing asks for the rules.
    if (registrations.length === 0) return [];
    const problems = [];
    if (permissions && !registrations.every((registration) => registration.permissions)) {
      problems.push(`@Permissions() on ${place} needs the option "permissions", a hook.`);
    }
    const known = registrations.flatMap(({ verifier }) =>
      verifier.options.userPools.map((pool) => pool.name),
    );
    const names = known.map((pool) => `"${pool}"`).join(', ');
    const unknown = userPools?.filter((pool) => !known.includes(pool)) ?? [];
    const running = mode === 'public' || unknown.length > 0 ? [] : this.runningFor(module);
    if (namesGuard({ handler, controller }) && haveNoTokenInCommon(running ?? [], rules)) {
      problems.push(`${place} ${SEVERAL_GUARDS}`);
    }
    return problems.concat(
      unknown.map(
        (pool) => `@UserPool() on ${place} names "${pool}"; the user pools are ${names}.`,
      ),
    );
  }

  private createChecks({ controller, handler, module }: Handler): Promise<unknown>[] {
    const types = this.checkClassesOf({ controller, handler });
    return this.registrationsOf(module).flatMap((registration) =>
      types.map((type) => registration.checks.of(type)),
    );
  }

  private checkClassesOf({ controller, handler }: Pick<Handler, 'controller' | 'handler'>) {
    const { checks = [] } = accessRulesOf(handler, controller);
    return checks.map(({ policy }) => policy).filter(isCheckClass);
  }

  /** The registrations whose guard may run for the handlers of a module. */
  private registrationsOf(module: Module): AccessControl[] {
    return this.runningFor(module) ?? this.registrations();
  }

  /** Those whose guard runs; a guard per request is not created yet, and may be of any. */
  private runningFor(module: Module): AccessControl[] | undefined {
    const wrappers = [
      ...module.injectables.values(),
      ...this.application.getGlobalRequestGuards(),
    ].map(({ instance }): unknown => instance);
    const guards = [...wrappers, ...this.application.getGlobalGuards()].filter(
      (guard) => guard instanceof CognitoGuard,
    );
    const isKnown = guards.every(({ access }) => access !== undefined);
    return isKnown ? [...new Set(guards.map(({ access }) => access))] : undefined;
  }

  private registrations(): AccessControl[] {
    return [...this.modules.values()]
      .map((module): unknown => module.providers.get(AccessControl)?.instance)
      .filter((instance) => instance instanceof AccessControl);
  }
}

const FIELD_WITHOUT_GUARD =
  'needs "fieldResolverEnhancers: [\'guards\']" in the options of GraphQLModule; without it Nest runs no guards for fields and references.';

const SEVERAL_GUARDS =
  'is guarded by two registrations, its own and that of a global guard, and no token passes both: they have no user pool, "clientId" and "tokenUse" in common. Write one registration, with several user pools in "userPools" and @UserPool() or @TokenUse() on the routes, or leave "protectAll" out.';

const TOO_LATE =
  'A guard became global too late and does not run for what Nest had bound by then; call app.useGlobalGuards() before the application starts and before it connects microservices, or set the option "protectAll". Open are:';

const ON_A_TYPE =
  'is on a GraphQL type, for which Nest runs no guards: write the field as a @ResolveField() of its resolver, with the rule.';
