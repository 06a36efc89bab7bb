import { CognitoAuthError } from '../cognito-auth.errors.js';
import { hasEnded } from './ended-responses.js';
import { GraphqlConnection } from './graphql-connection.js';
import { CONNECTION_INIT, isObject } from './graphql-context.js';
import type { GraphqlContext } from './graphql-context.js';
import { isObserved, isOfItsSender } from './graphql-operations.js';
import { RequestOfEvent } from './request-of-event.js';
import type { SocketMessage } from './socket-message.js';

interface Path {
  readonly prev?: Path;
}

interface GraphqlInfo {
  readonly operation?: { readonly operation?: string };
  readonly path?: Path;
  readonly schema?: object;
}

type Request = Record<string, unknown>;

/**
 * The request that a GraphQL operation came with, or what stands for it in an operation over a
 * socket and in an event of a subscription.
 *
 * @throws CognitoAuthError `unsupported_context` when there is none, or when it may be that of
 * another operation
 */
export function graphqlRequestOf(args: readonly unknown[]): Request {
  const request = findGraphqlRequest(args);
  if (!request) throw withoutRequest();
  return request;
}

/**
 * The same, or `undefined` when there is none.
 *
 * @throws CognitoAuthError `unsupported_context` when it may be that of another operation
 */
export function findGraphqlRequest(args: readonly unknown[]): Request | undefined {
  // A resolver gets parent, arguments, context and info; a reference resolver has no arguments.
  const [context, given] = args.slice(-2);
  if (!isObject(context)) return undefined;
  const info: GraphqlInfo = isObject(given) ? given : {};
  const connection = connectionOf(context);
  if (connection) return messageOf(context, info, connection) as never;
  const request = httpRequestOf(context);
  if (!request) return undefined;
  if (isOfAnotherOperation(context, request, info)) throw shared();
  const event = eventOf(info);
  return event ? RequestOfEvent.of(event, request) : request;
}

// Mercurius updates `reply` of a context that is one object for all requests; the `req` that
// @nestjs/mercurius puts beside it stays that of the first one.
function httpRequestOf({ req, reply }: GraphqlContext): Request | undefined {
  const request = reply?.request ?? req;
  if (!isObject(request) || !isObject(request['headers'])) return undefined;
  const { constructor } = request;
  if (isObject(req) && req !== request && constructor !== Object && req instanceof constructor) {
    throw shared();
  }
  return request;
}

function connectionOf(context: GraphqlContext): GraphqlConnection | undefined {
  const { req, request } = context;
  return CONNECTION_INIT in context && isObject(request)
    ? GraphqlConnection.ofMercurius(request, context[CONNECTION_INIT])
    : GraphqlConnection.from(req);
}

const requests = new WeakMap<object, object>();
const counts = new WeakMap<object, number>();

/**
 * Whether the request in a context may be that of another operation. Then it is no proof of who
 * sent this one: the context is one object for several operations. Up to version 13, @nestjs/apollo
 * leaves the first request in such an object for good.
 */
function isOfAnotherOperation(context: object, request: Request, { schema }: GraphqlInfo): boolean {
  const known = requests.get(context);
  if (known && known !== request) return true;
  const isProven = isOfItsSender(context);
  if (isProven !== undefined) return !isProven;
  if (hasEnded(request)) return true;
  if (known) return false;
  requests.set(context, request);
  // What an application made itself may serve several operations, and so may a request as long as
  // it waits for its response: the server would have told of an operation of somebody else.
  if (!('socket' in request) || tellsSenders(context, request, schema)) return false;
  const count = (counts.get(request) ?? 0) + 1;
  counts.set(request, count);
  return count > countOfOperations(request);
}

/** Mercurius puts `reply` in the context of every operation that it starts. */
function tellsSenders(context: object, { server }: Request, schema: unknown): boolean {
  return 'reply' in context || isObserved(schema) || (isObject(server) && 'graphql' in server);
}

/** A batch has a context for each of its operations. */
function countOfOperations({ body }: { body?: unknown }): number {
  return Array.isArray(body) ? body.length : 1;
}

/** What the fields of an operation over a socket share. */
interface Messages {
  /** The connection of the operation. */
  readonly key: object;
  /** By operation, or by event. */
  readonly messages: WeakMap<object, SocketMessage>;
}

const operations = new WeakMap<object, WeakMap<object, Messages>>();

/** What stands for the request, anew for each operation of a connection and for each event. */
function messageOf(
  context: object,
  info: GraphqlInfo,
  connection: GraphqlConnection,
): SocketMessage {
  const operation = info.operation ?? context;
  const event = eventOf(info);
  let ofContext = operations.get(context);
  if (!ofContext) operations.set(context, (ofContext = new WeakMap()));
  let known = ofContext.get(operation);
  // Events come long after their subscription has started; nothing else does.
  if (known ? known.key !== connection.key : !(event || connection.isStarting)) throw shared();
  if (!known) {
    known = { key: connection.key, messages: new WeakMap() };
    ofContext.set(operation, known);
  }
  let message = known.messages.get(event ?? operation);
  if (!message) known.messages.set(event ?? operation, (message = connection.message()));
  return message;
}

/**
 * The event of a subscription that a field belongs to: the root of its path, the one object that
 * graphql-js makes for each event, in whatever way the application made the payload.
 */
function eventOf({ operation, path }: GraphqlInfo): object | undefined {
  if (operation?.operation !== 'subscription' || !path?.prev) return undefined;
  let root = path;
  while (root.prev) root = root.prev;
  return root;
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
