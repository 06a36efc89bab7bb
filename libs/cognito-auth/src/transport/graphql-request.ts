import { CognitoAuthError } from '../cognito-auth.errors.js';
import { GraphqlConnection } from './graphql-connection.js';
import type { UpgradeRequest } from './graphql-connection.js';
import type { SocketMessage } from './socket-message.js';

const CONNECTION_INIT = '_connectionInit';

/** What the resolvers of an operation share, as servers and the drivers of Nest make it. */
interface GraphqlContext {
  /** Put there by Nest: the request, or what graphql-ws knows of the connection. */
  readonly req?: unknown;
  /** Of Mercurius. */
  readonly reply?: { readonly request?: unknown };
  /** Of Mercurius, over a socket: the upgrade request, and what the client sent to connect. */
  readonly request?: UpgradeRequest;
  readonly [CONNECTION_INIT]?: unknown;
}

interface GraphqlInfo {
  readonly operation?: { readonly operation?: string };
  readonly path?: { readonly prev?: object };
}

/**
 * The request that a GraphQL operation came with, or what stands for it in an operation over a
 * socket.
 *
 * @throws CognitoAuthError `unsupported_context` when there is none, or when it may be that of
 * another operation
 */
export function graphqlRequestOf(args: readonly unknown[]): Record<string, unknown> {
  // A resolver gets parent, arguments, context and info; a reference resolver has no arguments.
  const [context, info] = args.slice(-2);
  if (!isObject(context)) throw withoutRequest();
  const connection = connectionOf(context);
  if (connection) return messageOf(context, info, connection) as never;
  const request = httpRequestOf(context);
  if (isOfAnotherOperation(context, request)) throw shared();
  return request;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

// Mercurius updates `reply` of a context that is one object for all requests; the `req` that
// @nestjs/mercurius puts beside it stays that of the first one.
function httpRequestOf({ req, reply }: GraphqlContext): Record<string, unknown> {
  const request = reply?.request ?? req;
  if (!isObject(request)) throw withoutRequest();
  const { constructor } = request;
  if (isObject(req) && req !== request && constructor !== Object && req instanceof constructor) {
    throw shared();
  }
  return request;
}

function connectionOf(context: GraphqlContext): GraphqlConnection | undefined {
  const { req, request } = context;
  return CONNECTION_INIT in context && request
    ? GraphqlConnection.ofMercurius(request, context[CONNECTION_INIT])
    : GraphqlConnection.from(req);
}

const requests = new WeakMap<object, object>();
const contexts = new WeakMap<object, Set<object>>();

/**
 * Whether a context was seen with another request, or its request in another context. Then they
 * are no proof of who sent the operation: the context is one object for several operations. Up to
 * version 13, @nestjs/apollo leaves the first request in such an object for good.
 */
function isOfAnotherOperation(context: object, request: Record<string, unknown>): boolean {
  const known = requests.get(context);
  if (known) return known !== request;
  requests.set(context, request);
  // Mercurius says whose operation it is; and what an application made itself may serve several.
  if ('reply' in context || !('socket' in request)) return false;
  let ofRequest = contexts.get(request);
  if (!ofRequest) contexts.set(request, (ofRequest = new Set()));
  ofRequest.add(context);
  return ofRequest.size > countOfOperations(request);
}

/** A batch has a context for each of its operations. */
function countOfOperations({ body }: { body?: unknown }): number {
  return Array.isArray(body) ? body.length : 1;
}

const messages = new WeakMap<object, WeakMap<object, SocketMessage>>();

/** What stands for the request, anew for each operation of a connection. */
function messageOf(context: object, info: unknown, connection: GraphqlConnection): SocketMessage {
  const { operation, path } = (info ?? {}) as GraphqlInfo;
  let ofContext = messages.get(context);
  if (!ofContext) messages.set(context, (ofContext = new WeakMap()));
  const known = ofContext.get(operation ?? context);
  if (known?.connection === connection.key) return known;
  // Fields of an event come long after the subscription started; nothing else does.
  const isOfEvent = operation?.operation === 'subscription' && path?.prev !== undefined;
  if (known || !(isOfEvent || connection.isStarting)) throw shared();
  const message = connection.message();
  ofContext.set(operation ?? context, message);
  return message;
}

function withoutRequest(): CognitoAuthError {
  return unsupported(
    'GraphQL operations without their request cannot be authenticated here',
    'let "context" in the options of GraphQLModule, and of its subscriptions, return an object with "req"',
  );
}

function shared(): CognitoAuthError {
  return unsupported(
    'GraphQL operations that share their context cannot be told apart here',
    'let "context" in the options of GraphQLModule be a function that returns a new object for each operation',
  );
}

/** @param remedy for whoever wrote the application, in the log only */
function unsupported(message: string, remedy: string): CognitoAuthError {
  return new CognitoAuthError('unsupported_context', message, { cause: remedy });
}
