import { types } from 'node:util';
import type { CognitoPrincipal } from '../token/principal.js';

/**
 * What is revoked: one token, one session (all tokens that descend from one sign-in), or all that
 * a user was issued before a moment.
 *
 * A session can be refreshed, and so can the tokens of a user: revoke the refresh tokens at Cognito
 * as well (`RevokeToken`, `AdminUserGlobalSignOut`). `issuedBefore` is compared with `iat`, which
 * counts whole seconds of Cognito's clock: who signs in within that very second has to do it again.
 */
export type RevocationTarget =
  | { readonly jti: string }
  | { readonly originJti: string }
  | { readonly sub: string; readonly issuedBefore: Date };

/** Remembers what was revoked, for as long as a revoked token could still be used. */
export interface RevocationStore {
  /** Whether the token of this principal is revoked, alone, with its session or with its user. */
  isRevoked(principal: CognitoPrincipal): Promise<boolean>;

  /**
   * Revokes from now on.
   *
   * @param until when the entry may be forgotten: no token that it concerns lives longer
   */
  revoke(target: RevocationTarget, until: Date): Promise<void>;
}

/**
 * Milliseconds after which every token that exists now has expired: Cognito issues access and ID
 * tokens for 24 hours at most, and clocks may differ by two minutes.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 */
const LONGEST_TOKEN_LIFE = 24 * 3_600_000 + 120_000;

/** When no token that exists now, or is issued before the cut-off, can be valid any more. */
export function lastExpiryOf(target: RevocationTarget): Date {
  const cutOff = 'issuedBefore' in target ? Number(target.issuedBefore) : 0;
  return new Date(Math.max(Date.now(), cutOff || 0) + LONGEST_TOKEN_LIFE);
}

/** One remembered revocation; both moments are milliseconds of Unix time. */
export interface RevocationEntry {
  /** Tokens that were issued before are void. */
  readonly issuedBefore: number;
  /** When the entry may be forgotten. */
  readonly until: number;
}

/** A token and a session are void whenever they were issued: the last moment that a Date can say. */
const EVER = 8.64e15;

/**
 * What a revocation makes a store remember.
 *
 * @throws TypeError for a target or an end that would revoke nothing
 */
export function entryOf(
  target: RevocationTarget,
  until: Date,
): RevocationEntry & { readonly key: string } {
  const end = momentOf(until, 'as its end');
  if ('jti' in target) {
    return { key: `jti:${idOf(target.jti, 'jti')}`, issuedBefore: EVER, until: end };
  }
  if ('originJti' in target) {
    const id = idOf(target.originJti, 'originJti');
    return { key: `session:${id}`, issuedBefore: EVER, until: end };
  }
  const issuedBefore = momentOf(target.issuedBefore, 'as "issuedBefore" beside "sub"');
  return { key: `sub:${idOf(target.sub, 'sub')}`, issuedBefore, until: end };
}

/** Two revocations of the same: the later cut-off includes the earlier. */
export function mergedEntry(entry: RevocationEntry, known?: RevocationEntry): RevocationEntry {
  if (!known) return { issuedBefore: entry.issuedBefore, until: entry.until };
  return {
    issuedBefore: Math.max(entry.issuedBefore, known.issuedBefore),
    until: Math.max(entry.until, known.until),
  };
}

/** The keys under which the token of a principal may be revoked. */
export function keysOf({ jti, originJti, sub }: CognitoPrincipal): string[] {
  const keys = [];
  if (jti !== undefined) keys.push(`jti:${jti}`);
  if (originJti !== undefined) keys.push(`session:${originJti}`);
  if (sub !== undefined) keys.push(`sub:${sub}`);
  return keys;
}

/** Whether the token of a principal falls under an entry. */
export function isVoid(principal: CognitoPrincipal, { issuedBefore }: RevocationEntry): boolean {
  return principal.issuedAt.getTime() < issuedBefore;
}

function idOf(id: unknown, name: string): string {
  if (typeof id === 'string' && id !== '') return id;
  throw new TypeError(`A revocation needs a non-empty text as "${name}"`);
}

function momentOf(date: unknown, place: string): number {
  const moment = types.isDate(date) ? date.getTime() : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  throw new TypeError(`A revocation needs a valid Date ${place}`);
}
