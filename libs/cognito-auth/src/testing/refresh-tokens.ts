import { randomBytes } from 'node:crypto';

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

/** The refresh tokens that a local user pool has issued. */
export class RefreshTokens {
  private readonly sessions = new Map<string, LocalSession>();

  issue(session: LocalSession): string {
    const token = opaqueToken();
    this.sessions.set(token, session);
    return token;
  }

  sessionOf(token: string): LocalSession | undefined {
    return this.sessions.get(token);
  }
}

// Cognito's refresh tokens look like a JWE in compact form: five parts that only Cognito can read.
const JWE_HEADER = Buffer.from('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}');
const JWE_PART_LENGTHS = { encryptedKey: 256, initializationVector: 12, ciphertext: 700, tag: 16 };

function opaqueToken(): string {
  const parts = Object.values(JWE_PART_LENGTHS).map((length) => randomBytes(length));
  return [JWE_HEADER, ...parts].map((part) => part.toString('base64url')).join('.');
}
