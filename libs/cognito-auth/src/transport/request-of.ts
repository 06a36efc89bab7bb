import type { ExecutionContext } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';

/** The request that a guard or a parameter decorator serves. */
export type RequestLike = Record<string, unknown>;

/**
 * The request of an execution context.
 *
 * @throws CognitoAuthError `unsupported_context` for a context that is not known: a guard that
 * cannot find the request must not let it pass
 */
export function requestOf(context: ExecutionContext): RequestLike {
  if (context.getType() === 'http') return context.switchToHttp().getRequest<RequestLike>();
  throw new CognitoAuthError(
    'unsupported_context',
    `Requests of the type ${JSON.stringify(context.getType())} cannot be authenticated here`,
  );
}

/** Sets a header of the response that belongs to the context. */
export function setResponseHeader(context: ExecutionContext, name: string, value: string): void {
  // Express and Fastify both call it header().
  const response = context
    .switchToHttp()
    .getResponse<{ header(name: string, value: string): unknown }>();
  response.header(name, value);
}
