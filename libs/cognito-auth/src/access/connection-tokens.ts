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

/**
 * The tokens of connections that outlive their messages: sockets, and those of subscriptions.
 *
 * A token here takes the place of whatever the handshake said, so that a client can send a newer
 * one without connecting again.
 */
export class ConnectionTokens {
  private readonly tokens = new WeakMap<object, ConnectionToken>();

  set(connection: object, token: ConnectionToken): void {
    this.tokens.set(connection, token);
  }

  of(connection: object): string | undefined {
    return this.tokens.get(connection)?.token;
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

function isSame(former: CognitoPrincipal, principal: CognitoPrincipal): boolean {
  if (former.userPoolId !== principal.userPoolId || former.kind !== principal.kind) return false;
  return principal.kind === 'user'
    ? former.sub === principal.sub
    : former.clientId === principal.clientId;
}
