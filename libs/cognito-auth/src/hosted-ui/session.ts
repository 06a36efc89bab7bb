import type { CognitoPrincipal, RevocationTarget } from '../index.js';

/** One sign-in of one browser, as it is kept: all times are milliseconds of Unix time. */
export interface Session {
  readonly id: string;
  /** How often it was refreshed. */
  readonly version: number;
  readonly sub: string;
  readonly createdAt: number;
  /** When the first of its tokens expires. */
  readonly expiresAt: number;
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken?: string;
  /** What ends the session for everybody who verifies its tokens. */
  readonly revocable?: Exclude<RevocationTarget, { sub: string }>;
}

/** What ends a session whose access token proves this. */
export function revocableOf({ jti, originJti }: CognitoPrincipal): Pick<Session, 'revocable'> {
  if (originJti !== undefined) return { revocable: { originJti } };
  return jti === undefined ? {} : { revocable: { jti } };
}

/** The session in what was unsealed; one that is older than it may be is none. */
export function sessionIn(
  content: Readonly<Record<string, unknown>> | undefined,
  maxAge: number,
): Session | null {
  const session = content as Session | undefined;
  if (!session || secondsLeft(session, maxAge) <= 0) return null;
  return session;
}

/** How many seconds of its life are left; refreshing does not prolong it. */
export function secondsLeft({ createdAt }: Session, maxAge: number): number {
  return Math.floor(createdAt / 1000) + maxAge - Math.floor(Date.now() / 1000);
}

// Enough for a token to be verified, and to be handed on to another API.
const LEEWAY = 5_000;

/** Whether its tokens are of no more use. */
export function needsRefresh({ expiresAt }: Session): boolean {
  return expiresAt - LEEWAY <= Date.now();
}
