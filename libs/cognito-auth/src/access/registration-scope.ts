import type { FactoryProvider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import { TokenVerifier } from '../strategy/token-verifier.js';
import { AccessControl } from './access-control.js';
import { CognitoGuard } from './cognito.guard.js';
import { hasInjectedAnotherCopy, TWO_COPIES } from './copies.js';
import { HOOKS } from './hooks.js';
import type { HookName } from './hooks.js';
import { injectedBy, requestScopeOf } from './request-scope.js';
import { isCognitoGuard } from './rule-metadata.js';

/**
 * Stops the boot when a part of a registration is request-scoped.
 *
 * Nest creates no such provider at the boot, and so no guard that needs it: up to Nest 11.2.5 and
 * 12.1.1 it leaves out a global guard that does not exist, and every route is open. This provider
 * injects nothing that could be request-scoped, so that Nest does create it; and it does its work there
 * and then, since a microservice may listen before `onModuleInit()`.
 */
export const REGISTRATION_SCOPE: FactoryProvider<true> = {
  provide: 'COGNITO_REGISTRATION_SCOPE',
  useFactory: checkScopes,
  inject: [ModulesContainer],
};

/** A sentence for the error, with the request-scoped provider that it is about. */
interface Problem {
  readonly scope?: string;
  readonly text: string;
}

async function checkScopes(container: ModulesContainer): Promise<true> {
  if (hasInjectedAnotherCopy(container)) throw new CognitoAuthOptionsError([TWO_COPIES]);
  const modules = [...container.values()];
  const registrations = modules.filter(({ providers }) => providers.has(AccessControl));
  const problems = [
    ...problemsOfLazyModules(modules, registrations),
    ...(await Promise.all(registrations.map(problemsOf))).flat(),
  ];
  // A guard needs a registration, and would repeat what is wrong with that.
  if (problems.length === 0) problems.push(...(await problemsOfGlobalGuards(modules)));
  if (problems.length === 0) return true;
  const scopes = new Set(problems.flatMap(({ scope }) => scope ?? []));
  throw new CognitoAuthOptionsError(
    [...new Set(problems.map(({ text }) => text))],
    undefined,
    scopes.size > 0 ? `Request-scoped: ${[...scopes].join('; ')}` : undefined,
  );
}

async function problemsOf({ providers }: Module): Promise<Problem[]> {
  const hooks = (Object.keys(HOOKS) as HookName[]).map((hook) =>
    problemOf(providers.get(HOOKS[hook]), () => `The hook "${hook}" ${SCOPED_HOOK}`),
  );
  const options = problemOf(
    providers.get(TokenVerifier),
    (scope) => `The options need ${scope}, which ${SCOPED_OPTIONS}`,
  );
  const problems = (await Promise.all([options, ...hooks])).flat();
  return problems.length > 0
    ? problems
    : problemOf(
        providers.get(CognitoGuard),
        (scope) => `CognitoGuard needs ${scope}, which ${SCOPED_GUARD}`,
      );
}

/** Also those that are none of ours but ask ours: without them, nobody does. */
async function problemsOfGlobalGuards(modules: readonly Module[]): Promise<Problem[]> {
  const problems = modules.flatMap((module) =>
    globalGuardsOf(module).map(async (guard) => {
      const injected = await injectedBy(guard);
      return injected.some(([{ metatype }]) => isCognitoGuard(metatype))
        ? problemOf(
            guard,
            (scope) => `APP_GUARD of ${module.name} needs ${scope}, which ${SCOPED_GUARD}`,
          )
        : [];
    }),
  );
  return (await Promise.all(problems)).flat();
}

/** Nest makes no guard global once the application has booted. */
function problemsOfLazyModules(
  [core, root]: readonly Module[],
  registrations: readonly Module[],
): Problem[] {
  const booted = new Set([core, root]);
  for (const module of booted) module?.imports.forEach((imported) => booted.add(imported));
  return registrations
    .filter((module) => !booted.has(module) && globalGuardsOf(module).length > 0)
    .map(() => ({ text: LAZY }));
}

/** Those that are not written as request-scoped; Nest creates these with each request. */
function globalGuardsOf({ providers }: Module): InstanceWrapper[] {
  return [...providers.values()].filter(({ subtype }) => subtype === 'guard');
}

async function problemOf(
  provider: InstanceWrapper | undefined,
  describe: (scope: string) => string,
): Promise<Problem[]> {
  const scope = await requestScopeOf(provider);
  return scope ? [{ scope, text: describe(scope) }] : [];
}

const SCOPED_HOOK =
  'is request-scoped, or injects something that is; it lives as long as the application and finds the request in its arguments.';

const SCOPED_OPTIONS =
  'is request-scoped: they are made once, when the application starts, from what lives as long as it; several user pools go into "userPools".';

const SCOPED_GUARD =
  'is request-scoped: Nest would leave the guard out; inject what lives as long as the application, or find the request in the ExecutionContext.';

const LAZY =
  '"protectAll" protects nothing in a module that is loaded lazily; import CognitoAuthModule in the root module.';
