import type { ExecutionContext } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { findGraphqlRequest, graphqlRequestOf } from './graphql-request.js';
import { RequestOfEvent } from './request-of-event.js';
import { isResponse } from './response-headers.js';
import { RpcCall } from './rpc-call.js';
import { SocketMessage } from './socket-message.js';

/** The request that a guard or a parameter decorator serves. */
export type RequestLike = Record<string, unknown>;

/** Messages have no request of their own: what the guards of a message made for it. */
const ofGuards = new WeakMap<ExecutionContext, object>();

/**
 * The request of an execution context, for a guard: that of HTTP or of the GraphQL operation, or
 * what stands for it, one for each message of a socket or of a microservice.
 *
 * @throws CognitoAuthError `unsupported_context` for a context that is not known: a guard that
 * cannot find the request must not let it pass
 */
export function requestOf(context: ExecutionContext): RequestLike {
  switch (context.getType<string>()) {
    case 'http':
      return httpRequestOf(context) ?? notHttp();
    case 'graphql':
      return graphqlRequestOf(context.getArgs());
    case 'ws':
    case 'rpc':
      return messageOf(context);
    default:
      return unsupported(context);
  }
}

/**
 * The request of an execution context as its guard left it, or `undefined` when no guard can have
 * run: the handler is `@Public()`, whatever it is called with.
 */
export function guardedRequestOf(context: ExecutionContext): RequestLike | undefined {
  switch (context.getType<string>()) {
    case 'http':
      return httpRequestOf(context);
    case 'graphql':
      return findGraphqlRequest(context.getArgs());
    case 'ws':
    case 'rpc':
      return (ofGuards.get(context) ?? handedOn(context)) as RequestLike | undefined;
    default:
      return undefined;
  }
}

// Contexts of ExternalContextCreator are "http", too, unless their library says otherwise; what
// they are called with is an event of any type, which may even have headers.
function httpRequestOf(context: ExecutionContext): RequestLike | undefined {
  const http = context.switchToHttp();
  const request = http.getRequest<RequestLike | null | undefined>();
  if (typeof request !== 'object' || request === null) return undefined;
  const { headers } = request;
  const isRequest = typeof headers === 'object' && headers !== null;
  return isRequest && isResponse(http.getResponse()) ? request : undefined;
}

/** Puts the user where the code of the application looks for it. */
export function presentUser(request: RequestLike, property: string, user: unknown): void {
  request[property] = user;
  const origin = RequestOfEvent.origin(request);
  if (origin) Reflect.set(origin, property, user);
  if (request instanceof SocketMessage) Reflect.set(request.connection, property, user);
  if (request instanceof RpcCall) request.present(property, user);
}

// All guards of one message share a context, and no other message has it.
function messageOf(context: ExecutionContext): RequestLike {
  let message = ofGuards.get(context);
  if (!message) {
    message = createMessage(context) ?? unsupported(context);
    ofGuards.set(context, message);
    handOn(context, message);
  }
  return message as RequestLike;
}

function createMessage(context: ExecutionContext): object | undefined {
  const [first, second] = context.getArgs<[unknown, unknown]>();
  return context.getType<string>() === 'ws'
    ? SocketMessage.from(first, second)
    : RpcCall.from(first, second);
}

// A socket sends many messages, and a transporter may have one context for several. Their payload
// need not be an object: nothing else tells them apart than the arguments, which Nest hands on to
// the parameters.
function handOn(context: ExecutionContext, message: object): void {
  const args: unknown[] = context.getArgs();
  if (message instanceof RpcCall) args.push(message);
  // The pattern of a socket's message stays the last.
  else args.splice(Math.max(args.length - 1, 2), 0, message);
}

function handedOn(context: ExecutionContext): unknown {
  const args: unknown[] = context.getArgs();
  return args.find((arg) => arg instanceof SocketMessage || arg instanceof RpcCall);
}

function notHttp(): never {
  throw new CognitoAuthError(
    'unsupported_context',
    'Calls of the type "http" without an HTTP request and its response cannot be authenticated here',
  );
}

function unsupported(context: ExecutionContext): never {
  throw new CognitoAuthError(
    'unsupported_context',
    `Requests of the type ${JSON.stringify(context.getType())} cannot be authenticated here`,
  );
}
