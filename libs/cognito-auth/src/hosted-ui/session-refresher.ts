import { HttpException, Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { expiredSession, hasCode } from './cognito-hosted-ui.errors.js';
import { IdentityProvider } from './identity-provider.js';
import type { Tokens } from './identity-provider.js';
import { SESSIONS } from './injection-tokens.js';
import { revocableOf } from './session.js';
import type { Session } from './session.js';
import type { Sessions } from './sessions.js';
import { TokenPair } from './token-pair.js';
import type { VerifiedPair } from './token-pair.js';

/** A session with new tokens. */
export interface Refreshed {
  readonly session: Session;
  /** Why its tokens could not be verified just now; the session is not to be lost for that. */
  readonly problem?: unknown;
}

// How much later a request may come that was sent with the cookie of before.
const REMEMBERED_FOR = 30_000;
const MAX_REMEMBERED = 2_000;

// No access token lives longer than a day.
const ENDED_FOR = 24 * 3_600_000;
const MAX_ENDED = 10_000;

/**
 * Renews sessions, each by one exchange at a time: where refresh tokens rotate, a second exchange
 * would end the session.
 */
@Injectable()
export class SessionRefresher {
  private readonly inFlight = new Map<string, Promise<Refreshed>>();
  private readonly recent = new LRUCache<string, Session>({
    max: MAX_REMEMBERED,
    ttl: REMEMBERED_FOR,
  });
  private readonly ended = new LRUCache<string, true>({ max: MAX_ENDED, ttl: ENDED_FOR });

  constructor(
    @Inject(IdentityProvider) private readonly provider: IdentityProvider,
    @Inject(SESSIONS) private readonly sessions: Sessions,
    @Inject(TokenPair) private readonly tokens: TokenPair,
  ) {}

  /**
   * The session with new tokens: those of an exchange that is under way or has just been, if this
   * session is from before it.
   *
   * @throws CognitoHostedUiError `session_expired`, `identity_provider_unavailable`,
   * `store_unavailable`
   */
  refresh(session: Session): Promise<Refreshed> {
    const { id, version } = session;
    const running = this.inFlight.get(id);
    if (running) return running;
    const recent = this.recent.get(id);
    if (recent && recent.version > version) return this.kept({ session: recent });
    const exchange = this.exchange(session).finally(() => this.inFlight.delete(id));
    this.inFlight.set(id, exchange);
    return exchange;
  }

  /** The newest tokens of a session, which are those to be revoked. */
  async latest(session: Session): Promise<Session> {
    const running = await this.inFlight.get(session.id)?.catch(() => undefined);
    const latest = running?.session ?? this.recent.get(session.id);
    return latest && latest.version > session.version ? latest : session;
  }

  /** Makes sure that no exchange brings a session back, nor a cookie that is sent once more. */
  end({ id }: Session): void {
    this.ended.set(id, true);
    this.recent.delete(id);
  }

  isEnded({ id }: Session): boolean {
    return this.ended.has(id);
  }

  private async exchange(session: Session): Promise<Refreshed> {
    if (session.refreshToken === undefined || this.isEnded(session)) throw expiredSession();
    try {
      return await this.renewed(session, await this.provider.refresh(session.refreshToken));
    } catch (error) {
      if (!hasCode(error, 'session_expired')) throw error;
      return { session: await this.refreshedElsewhere(session, error) };
    }
  }

  private async renewed(session: Session, tokens: Tokens): Promise<Refreshed> {
    const { sub, ...renewed } = tokens;
    if (sub !== session.sub) throw expiredSession();
    const { user, problem } = await this.verified(tokens);
    const revocable = user && revocableOf(user);
    const next = { ...session, ...renewed, ...revocable, version: session.version + 1 };
    // Before it is kept: where refresh tokens rotate, there is no other way on.
    this.recent.set(next.id, next);
    return this.kept({ session: next, problem });
  }

  /** What the application cannot find out just now is a problem; that they are wrong is the end. */
  private async verified(tokens: Tokens): Promise<Partial<VerifiedPair> & { problem?: unknown }> {
    try {
      return await this.tokens.verify(tokens);
    } catch (error) {
      if (error instanceof HttpException && error.getStatus() >= 500) return { problem: error };
      throw expiredSession(error);
    }
  }

  /** Unless its user has signed out meanwhile. */
  private async kept(refreshed: Refreshed): Promise<Refreshed> {
    const { session } = refreshed;
    await this.sessions.keep(session);
    // Afterwards, so that whoever ends it from now on finds these tokens.
    if (this.sessions.isShared && !(await this.sessions.current(session))) this.end(session);
    if (!this.isEnded(session)) return refreshed;
    await this.provider.revoke(session.refreshToken as string).catch(() => undefined);
    await this.sessions.forget(session);
    throw expiredSession();
  }

  /** Another process may have used the refresh token first, and be about to write the new one. */
  private async refreshedElsewhere(session: Session, refusal: unknown): Promise<Session> {
    for (const delay of this.sessions.isShared ? LOOKS : []) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await pause(delay);
      // oxlint-disable-next-line no-await-in-loop
      const current = await this.sessions.current(session);
      if (!current) this.end(session);
      if (!current || this.isEnded(session)) break;
      if (current.version > session.version) return current;
    }
    throw refusal;
  }
}

// Milliseconds before each look.
const LOOKS = [0, 100, 300, 600];

function pause(delay: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delay);
  });
}
