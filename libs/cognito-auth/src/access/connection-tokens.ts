import type { CognitoAuthError } from '../cognito-auth.errors.js';

/** What a connection is authenticated with. */
interface ConnectionToken {
  readonly token: string;
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
}
