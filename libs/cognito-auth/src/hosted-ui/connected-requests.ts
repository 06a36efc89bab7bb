import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BrowserExchange } from './browser-exchange.js';

/** What stands between a request and one registration of the module. */
export interface HostedUiConnection {
  readonly exchange: BrowserExchange;
  /** The registration. */
  readonly owner: object;

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

/** By Node's request, so that two applications in one process do not meet. */
const connections = new WeakMap<object, HostedUiConnection[]>();

/** Connects a request to one registration of the module, more than one of which can meet it. */
export function connect(request: IncomingMessage, connection: HostedUiConnection): void {
  const others = connections.get(request) ?? [];
  connections.set(request, [...others, connection]);
}

/** The connections of a request of Express or Fastify; none for whatever else it is. */
export function connectionsOf(request: unknown): readonly HostedUiConnection[] {
  if (typeof request !== 'object' || request === null) return [];
  const { raw } = request as { raw?: object };
  return connections.get(request) ?? (raw && connections.get(raw)) ?? [];
}

/** A middleware in the form that Express and Fastify share. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void;
