import { HttpException, Logger } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { FaultLog } from '../faults/fault-log.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { ConnectionWatch, disconnect } from './connection-watch.js';
import type { Socket } from './connection-watch.js';
import { GraphqlConnection } from './graphql-connection.js';
import type { UpgradeRequest } from './graphql-connection.js';
import type { SocketMessage } from './socket-message.js';

const faults = new FaultLog(new Logger('CognitoAuthModule'));

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
interface Handshakes<Rules> {
  tokenOf(
    message: SocketMessage,
    setup: { userPools?: readonly string[] | undefined; connections: readonly object[] },
  ): Promise<string | null>;
  verifyConnection(connection: object, token: string, rules?: Rules): Promise<CognitoPrincipal>;
  /** Missing where a test has another service in its place. */
  checkRules?(rules: object, caller: string): object;
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
 * @throws TypeError when a rule is not what its type says
 * @example `subscriptions: { 'graphql-ws': { onConnect: onGraphqlConnect(auth) } }`
 */
export function onGraphqlConnect<Rules extends object>(
  auth: Authentication<Rules>,
  rules?: NoInfer<Rules>,
): (this: unknown, opening: object) => Promise<boolean> {
  if (rules) (auth as unknown as Handshakes<Rules>).checkRules?.(rules, 'onGraphqlConnect()');
  return async function onConnect(this: unknown, opened: object) {
    const opening = openingOf(this, opened);
    const { socket } = opening;
    const watch = ConnectionWatch.of(socket);
    let token: string | undefined;
    try {
      const handshakes = auth as unknown as Handshakes<Rules>;
      token = await tokenOf(handshakes, opening, rules);
      const principal = await authenticate(auth, opening, token, rules);
      const accepted = token;
      const { key } = opening.connection;
      watch.start(principal, () => handshakes.verifyConnection(key, accepted, rules));
      return true;
    } catch (error) {
      if (!(error instanceof HttpException)) throw error;
      reportFault(error, token);
      disconnect(socket, error);
      return false;
    }
  };
}

/** Logs that a hook of the application failed; its code may quote the token. */
function reportFault(error: HttpException, token?: string): void {
  if (!(error instanceof CognitoAuthError) || error.code !== 'hook_failed') return;
  const line = 'A GraphQL connection cannot be authenticated';
  faults.error(`${line} (${error.hook ?? 'a hook'})`, line, error, [token]);
}

async function tokenOf<Rules extends object>(
  handshakes: Handshakes<Rules>,
  { connection, request }: Opening,
  rules?: Rules,
): Promise<string> {
  const { userPools } = (rules ?? {}) as { userPools?: readonly string[] };
  const setup = { userPools, connections: [request] };
  const token = await handshakes.tokenOf(connection.message(), setup);
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
