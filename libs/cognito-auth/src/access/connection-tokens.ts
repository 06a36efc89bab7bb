import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoPrincipal } from '../token/principal.js';

/** What a connection is authenticated with. */
interface ConnectionToken {
  readonly token: string;
  /** Whom the token spoke for when it was accepted. */
  readonly principal: CognitoPrincipal;
  /** Called when a message of the connection is refused. */
  readonly onRefused?: (error: CognitoAuthError) => void;
}

/** Where the token of a connection comes from, when newer ones take its place there. */
interface TokenSource {
  /** The token that the connection began with. */
  readonly token: string;
  /** The token of now, or `null` when there is none any more. */
  find(): string | null | Promise<string | null>;
}

/**
 * The tokens of connections that outlive their messages: sockets, and those of subscriptions.
 *
 * A token here takes the place of whatever the handshake said, so that a client can send a newer
 * one without connecting again.
 */
export class ConnectionTokens {
  private readonly tokens = new WeakMap<object, ConnectionToken>();
  private readonly sources = new WeakMap<object, TokenSource>();

  set(connection: object, token: ConnectionToken): void {
    this.tokens.set(connection, token);
  }

  /** Looks a token up at its source from now on, until the connection gets another one. */
  follow(connection: object, source: TokenSource): void {
    this.sources.set(connection, source);
  }

  /**
   * The token of a connection; a promise where it has to be looked up.
   *
   * @throws CognitoAuthError `token_revoked` when it is over before it expires
   */
  of(connection: object): string | undefined | Promise<string> {
    const held = this.tokens.get(connection);
    const source = this.sources.get(connection);
    return held && source?.token === held.token ? current(held, source) : held?.token;
  }

  refused(connection: object, error: CognitoAuthError): void {
    this.tokens.get(connection)?.onRefused?.(error);
  }

  /**
   * Holds a connection to its first user: rooms, and whatever else an application keeps for a
   * connection, were decided for that one.
   *
   * @throws CognitoAuthError `wrong_principal`
   */
  checkSameUser(connection: object, principal: CognitoPrincipal): void {
    const former = this.tokens.get(connection)?.principal;
    if (!former || isSame(former, principal)) return;
    throw new CognitoAuthError(
      'wrong_principal',
      'The token is of another caller than the one of this connection; connect again',
    );
  }
}

async function current(
  { token, principal }: ConnectionToken,
  source: TokenSource,
): Promise<string> {
  const found = await source.find();
  if (found !== null) return found;
  // Its verification says so.
  if (principal.expiresAt.getTime() <= Date.now()) return token;
  throw new CognitoAuthError(
    'token_revoked',
    'The session of this connection is over; sign in again',
  );
}

function isSame(former: CognitoPrincipal, principal: CognitoPrincipal): boolean {
  if (former.userPoolId !== principal.userPoolId || former.kind !== principal.kind) return false;
  return principal.kind === 'user'
    ? former.sub === principal.sub
    : former.clientId === principal.clientId;
}
