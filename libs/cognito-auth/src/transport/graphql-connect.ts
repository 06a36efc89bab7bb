import { HttpException } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { ConnectionWatch, disconnect } from './connection-watch.js';
import type { Socket } from './connection-watch.js';
import { GraphqlConnection } from './graphql-connection.js';
import type { UpgradeRequest } from './graphql-connection.js';
import type { TokenExtractor } from './token-extractors.js';

/** What `CognitoAuthService` does; it lies above this file. */
interface Authentication<Rules> {
  verify(token: string, rules?: Rules): Promise<CognitoPrincipal>;
  authenticateConnection(
    connection: object,
    token: string,
    rules?: object,
  ): Promise<CognitoPrincipal>;
}

/** What it does for this library only. */
interface TokenFinder {
  tokenOf(request: object, tokenFrom?: readonly TokenExtractor[]): Promise<string | null>;
}

/** What graphql-ws hands to `onConnect`. */
interface GraphqlWsOpening {
  readonly extra?: { readonly socket?: Socket; readonly request?: UpgradeRequest };
}

/** What Mercurius calls its `onConnect` on, and with. */
interface MercuriusConnection {
  readonly socket?: Socket;
  readonly context?: { readonly request?: UpgradeRequest };
}
interface MercuriusOpening {
  readonly payload?: unknown;
}

/** A client that wants to be connected. */
interface Opening {
  readonly connection: GraphqlConnection;
  readonly socket: Socket;
  readonly request: UpgradeRequest;
}

/**
 * Makes the `onConnect` of GraphQL subscriptions, for graphql-ws and for Mercurius: only those who
 * send a valid token are connected, and no longer than it is valid.
 *
 * The token is found where the option `tokenFrom` says, `connectionParams.Authorization` being the
 * header. Clients are disconnected with the close code 4403 when they have no token or a bad one,
 * when it expires, and within a minute when it is revoked; with 4503 when the fault is not theirs.
 * During an outage of keys, a store or a hook, who is connected stays, up to the `exp` of the token.
 * The reason is the `code` of the refusal. `CognitoGuard` verifies the token again with every
 * operation.
 *
 * @param rules what to ask of everybody who connects
 * @example `subscriptions: { 'graphql-ws': { onConnect: onGraphqlConnect(auth) } }`
 */
export function onGraphqlConnect<Rules extends object>(
  auth: Authentication<Rules>,
  rules?: NoInfer<Rules>,
): (this: unknown, opening: object) => Promise<boolean> {
  return async function onConnect(this: unknown, opened: object) {
    const opening = openingOf(this, opened);
    const { socket } = opening;
    const watch = ConnectionWatch.of(socket);
    try {
      const token = await tokenOf(auth, opening.connection);
      const principal = await authenticate(auth, opening, token, rules);
      watch.start(principal, () => auth.verify(token, rules));
      return true;
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      disconnect(socket, error);
      return false;
    }
  };
}

async function tokenOf(auth: object, connection: GraphqlConnection): Promise<string> {
  const token = await (auth as TokenFinder).tokenOf(connection.message());
  if (token) return token;
  throw new CognitoAuthError('missing_token', 'The connection has no token; it needs one');
}

// Resolvers may have either as the request of an operation.
async function authenticate<Rules extends object>(
  auth: Authentication<Rules>,
  { connection, request }: Opening,
  token: string,
  rules?: Rules,
): Promise<CognitoPrincipal> {
  const principal = await auth.authenticateConnection(connection.key, token, rules);
  if (request === connection.key) return principal;
  return auth.authenticateConnection(request, token, rules);
}

function openingOf(self: unknown, opened: object): Opening {
  const { socket: ofMercurius, context } = (self ?? {}) as MercuriusConnection;
  const { extra } = opened as GraphqlWsOpening;
  const socket = extra?.socket ?? ofMercurius;
  const request = extra?.request ?? context?.request;
  if (!socket || !request) {
    throw new TypeError('onGraphqlConnect() is for "onConnect" of graphql-ws or of Mercurius');
  }
  const connection =
    GraphqlConnection.from(opened) ??
    GraphqlConnection.ofMercurius(request, (opened as MercuriusOpening).payload);
  return { connection, socket, request };
}
