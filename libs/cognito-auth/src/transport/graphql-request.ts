import { SocketMessage } from './socket-message.js';

interface GraphqlContext {
  /** Apollo; Nest puts it there for Mercurius, too. For a subscription, the connection. */
  readonly req?: unknown;
  /** Mercurius. */
  readonly reply?: { readonly request?: unknown };
}

/** What graphql-ws knows of a connection. */
interface GraphqlConnection {
  readonly connectionParams?: Record<string, unknown>;
  readonly extra?: { readonly request?: { readonly headers?: Record<string, string> } };
}

const subscriptions = new WeakMap<object, SocketMessage>();

/** The request that a GraphQL operation came with, or what stands for it in a subscription. */
export function graphqlRequestOf(args: readonly unknown[]): Record<string, unknown> | undefined {
  // A resolver gets parent, arguments, context and info; a reference resolver has no arguments.
  const context = args.at(-2) as GraphqlContext | undefined;
  if (typeof context !== 'object' || context === null) return undefined;
  const request = context.reply?.request ?? context.req;
  if (typeof request !== 'object' || request === null) return undefined;
  const message =
    'connectionParams' in request ? subscriptionOf(context, request as GraphqlConnection) : request;
  return message as Record<string, unknown>;
}

function subscriptionOf(context: GraphqlContext, connection: GraphqlConnection): SocketMessage {
  let message = subscriptions.get(context);
  if (!message) {
    const { connectionParams: auth, extra } = connection;
    message = new SocketMessage(connection, { headers: extra?.request?.headers, auth }, undefined);
    subscriptions.set(context, message);
  }
  return message;
}
