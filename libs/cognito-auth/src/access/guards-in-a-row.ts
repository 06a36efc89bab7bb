import { isDeepStrictEqual } from 'node:util';
import { Scope } from '@nestjs/common';
import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { ResolvedUserPool } from '../cognito-auth.resolved-options.js';
import type { TokenUse } from '../token/claims.js';
import type { AccessControl } from './access-control.js';
import type { AccessRules } from './access-rules.js';
import { CognitoGuard } from './cognito.guard.js';
import { isGateway } from './handlers.js';
import { injectedBy } from './request-scope.js';
import { isCognitoGuard } from './rule-metadata.js';

/** Problems of the guards that run for every handler, one after the other. */
export async function problemsOfGlobalGuards(
  application: ApplicationConfig,
  modules: ModulesContainer,
): Promise<string[]> {
  return [
    ...(acceptTheSame(application) ? [] : [SEVERAL]),
    ...((await areLeftOut(application, modules)) ? [LEFT_OUT] : []),
  ];
}

/** What a token may be to pass: everything in it has to agree. */
interface Accepted {
  readonly issuer: string;
  /** `null` for every app client. */
  readonly clientIds: ReadonlySet<string> | null;
  readonly tokenUse: readonly TokenUse[];
}

/** Whether no token passes all of these registrations, at a handler with these rules. */
export function haveNoTokenInCommon(
  registrations: readonly AccessControl[],
  rules: AccessRules,
): boolean {
  const [first, ...others] = registrations.map(({ verifier }) =>
    acceptedBy(verifier.options.userPools, rules),
  );
  if (!first || others.length === 0) return false;
  return others.reduce(acceptedByBoth, first).length === 0;
}

function acceptedBy(userPools: readonly ResolvedUserPool[], rules: AccessRules): Accepted[] {
  return userPools
    .filter(({ name }) => rules.userPools?.includes(name) ?? true)
    .flatMap(({ issuers, clientIds, tokenUse }) =>
      [...issuers.keys()].map((issuer) => ({
        issuer,
        clientIds,
        tokenUse: rules.tokenUse ?? tokenUse,
      })),
    );
}

function acceptedByBoth(ones: readonly Accepted[], others: readonly Accepted[]): Accepted[] {
  return ones.flatMap((one) =>
    others
      .filter(({ issuer }) => issuer === one.issuer)
      .map(({ issuer, clientIds, tokenUse }) => ({
        issuer,
        clientIds: clientsOfBoth(one.clientIds, clientIds),
        tokenUse: one.tokenUse.filter((use) => tokenUse.includes(use)),
      }))
      .filter(({ clientIds, tokenUse }) => clientIds?.size !== 0 && tokenUse.length > 0),
  );
}

function clientsOfBoth(one: Accepted['clientIds'], other: Accepted['clientIds']) {
  if (!one || !other) return one ?? other;
  return new Set([...one].filter((clientId) => other.has(clientId)));
}

/** The same user pools twice are one registration that was written down twice. */
function acceptTheSame(application: ApplicationConfig): boolean {
  const [first, ...others] = application
    .getGlobalGuards()
    .filter((guard) => guard instanceof CognitoGuard)
    .map(({ access }) =>
      access.verifier.options.userPools.map((pool) => ({ ...pool, jwks: undefined })),
    );
  return others.every((pools) => isDeepStrictEqual(pools, first));
}

/**
 * Nest asks guards of a scope only where the handler is of the request, too. Gateways never are; and
 * no handler is, for a transient guard or an alias, up to Nest 11.2.5 and 12.1.1.
 */
async function areLeftOut(
  application: ApplicationConfig,
  modules: ModulesContainer,
): Promise<boolean> {
  const scoped = await Promise.all(
    application.getGlobalRequestGuards().map(async (guard) => {
      const injected = await injectedBy(guard);
      return injected.some(([{ metatype }]) => isCognitoGuard(metatype)) ? [guard.scope] : [];
    }),
  );
  const scopes = scoped.flat();
  return scopes.length > 0 && (hasGateway(modules) || scopes.some((one) => one !== Scope.REQUEST));
}

function hasGateway(modules: ModulesContainer): boolean {
  return [...modules.values()]
    .flatMap(({ providers }) => Array.from(providers.values()))
    .some(({ metatype }) => metatype && isGateway(metatype));
}

const SEVERAL =
  'The guards of several registrations protect all routes, and each refuses tokens that another accepts: list the user pools in "userPools" of one registration, or leave "protectAll" out and let the controllers of each registration name its guard.';

const LEFT_OUT =
  'APP_GUARD with CognitoGuard has a "scope", with which Nest leaves it out for some handlers, those of gateways among them; leave "scope" out.';
