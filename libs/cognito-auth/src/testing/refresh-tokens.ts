import { randomBytes } from 'node:crypto';
import { ExpiringStore } from './expiring-store.js';

/** One sign-in of a user at an app client: what a refresh token stands for. */
export interface LocalSession {
  readonly username: string;
  readonly clientId: string;
  readonly scopes?: readonly string[];
  readonly audience?: string;
  /** In seconds. */
  readonly authTime: number;
  readonly originJti: string;
}

// Cognito's default.
const THIRTY_DAYS = 30 * 24 * 3600;

/** The refresh tokens that a local user pool has issued, and the sessions that were revoked. */
export class RefreshTokens {
  private readonly sessions = new ExpiringStore<LocalSession>(THIRTY_DAYS);
  private readonly revoked = new ExpiringStore<true>(THIRTY_DAYS);

  issue(session: LocalSession): string {
    const token = opaqueToken();
    this.sessions.set(token, session);
    return token;
  }

  /** The session that a refresh token renews; of one that does so no longer, nothing. */
  sessionOf(token: string): LocalSession | undefined {
    const session = this.sessions.get(token);
    return this.isRevoked(session?.originJti) ? undefined : session;
  }

  /** Replaces a refresh token by another one, which lives no longer than it would have. */
  rotate(token: string): string {
    const next = opaqueToken();
    this.sessions.move(token, next);
    return next;
  }

  /** Ends a session, and with it everything of the same `origin_jti`. */
  revoke({ originJti }: LocalSession): void {
    this.revoked.set(originJti, true);
  }

  /** Whether the session with this `origin_jti` was ended. */
  isRevoked(originJti: unknown): boolean {
    return typeof originJti === 'string' && this.revoked.get(originJti) === true;
  }
}

// Cognito's refresh tokens look like a JWE in compact form: five parts that only Cognito can read.
const JWE_HEADER = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}');
const JWE_PART_LENGTHS = { encryptedKey: 256, initializationVector: 12, ciphertext: 700, tag: 16 };

function opaqueToken(): string {
  const parts = Object.values(JWE_PART_LENGTHS).map((length) => randomBytes(length));
  return [JWE_HEADER, ...parts].map((part) => part.toString('base64url')).join('.');
}
