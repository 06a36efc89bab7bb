import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BrowserExchange } from './browser-exchange.js';

/** What stands between a request and one registration of the module. */
export interface HostedUiConnection {
  readonly exchange: BrowserExchange;
  /** The registration. */
  readonly owner: object;
  /** That of the registration. */
  readonly name: string;

  /** Whether its session may be of one of these user pools. */
  serves(userPools: readonly string[]): boolean;

  /** Whether a token of its session is of one of these user pools, as far as it says so itself. */
  isOneOf(userPools: readonly string[], accessToken: string): boolean;

  /**
   * The access token of the session, if there is a session that this request may use. At once where
   * it is at hand.
   *
   * @throws CognitoHostedUiError `identity_provider_unavailable`, `store_unavailable`
   */
  accessToken(refresh: boolean): string | null | Promise<string | null>;

  /** Whether there is a session that nobody has asked for: `fromSession()` is not in `tokenFrom`. */
  ignoresSession(): boolean;

  /** The path that signs in, and comes back to this one of the application if that can be. */
  loginPath(innerPath?: string): string;
}

/** What is known of a request. */
interface ConnectedRequest {
  readonly connections: HostedUiConnection[];
  /** Whose session was asked for the last time that somebody looked for a token, and who that was. */
  asked?: { readonly by: object; readonly connections: HostedUiConnection[] };
}

/** By Node's request, so that two applications in one process do not meet. */
const requests = new WeakMap<object, ConnectedRequest>();

/**
 * Connects a request to one registration of the module, more than one of which can meet it; does
 * nothing the second time.
 */
export function connect(
  request: IncomingMessage,
  owner: object,
  connection: () => HostedUiConnection,
): void {
  let connected = requests.get(request);
  if (!connected) requests.set(request, (connected = { connections: [] }));
  if (connected.connections.some((other) => other.owner === owner)) return;
  connected.connections.push(connection());
}

/** The connections of a request of Express or Fastify; none for whatever else it is. */
export function connectionsOf(request: unknown): readonly HostedUiConnection[] {
  return connectedOf(request)?.connections ?? [];
}

/** Takes note of whose session is asked for; several extractors of one scope add up. */
export function noteAsked(
  request: unknown,
  by: object,
  connections: readonly HostedUiConnection[],
): void {
  const connected = connectedOf(request);
  if (!connected) return;
  const { asked } = connected;
  if (asked?.by === by) asked.connections.push(...connections);
  else connected.asked = { by, connections: [...connections] };
}

/**
 * Takes note that a session was asked for and does not count where the request goes: another
 * sign-in there would bring the same.
 */
export function noteUseless(request: unknown, connection: HostedUiConnection): void {
  const asked = connectedOf(request)?.asked?.connections;
  if (asked?.includes(connection)) asked.splice(asked.indexOf(connection), 1);
}

/** Whose session the request was asked for; every one while nobody has asked. */
export function askedOf(request: unknown): readonly HostedUiConnection[] {
  const connected = connectedOf(request);
  return connected?.asked?.connections ?? connected?.connections ?? [];
}

function connectedOf(request: unknown): ConnectedRequest | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  const { raw } = request as { raw?: object };
  return requests.get(request) ?? (raw && requests.get(raw));
}

/** A middleware in the form that Express and Fastify share. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void;
