import type { AccessRules } from '../index.js';
import { COGNITO } from './cognito-scheme.js';
import type { Operation, SecurityRequirement } from './open-api.js';

/**
 * The security of an operation: what the guard asks for, on top of the other schemes that the
 * author wrote.
 *
 * The guard alone decides about `cognito`. Every alternative of other schemes that the author
 * wrote stays an alternative; a token is needed with each of them, or, where it is optional, may
 * be left out of each.
 *
 * @param written by the author, on the operation or for the whole document
 */
export function securityOf(
  rules: AccessRules | undefined,
  written: readonly SecurityRequirement[],
): SecurityRequirement[] {
  const others = alternativesWithoutCognito(written);
  if (!rules || rules.mode === 'public') return others.every(isEmpty) ? [] : others;
  const withCognito = others.map((other) => ({ ...other, [COGNITO]: scopesOf(rules) }));
  return rules.mode === 'optional' ? [...withCognito, ...others] : withCognito;
}

/** What the author wrote: the operation's own security, else that of the document. */
export function writtenSecurityOf(
  operation: Operation,
  document: { security?: SecurityRequirement[] },
): SecurityRequirement[] {
  return operation.security ?? document.security ?? [];
}

function alternativesWithoutCognito(
  written: readonly SecurityRequirement[],
): SecurityRequirement[] {
  const others = written.map(({ [COGNITO]: _guarded, ...other }) => other);
  const distinct = new Map(others.map((other) => [JSON.stringify(other), other]));
  return distinct.size > 0 ? [...distinct.values()] : [{}];
}

function scopesOf({ scopes }: AccessRules): string[] {
  return [...(scopes?.all ?? []), ...(scopes?.any ?? [])];
}

function isEmpty(requirement: SecurityRequirement): boolean {
  return Object.keys(requirement).length === 0;
}
