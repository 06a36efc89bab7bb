import { HttpException } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { GraphqlRefusal } from './graphql-refusal.js';
import { loadWsException } from './nest-peers.js';
import { rpcRefusalOf } from './rpc-refusals.js';
import { answerRefusal } from './ws-refusal.js';

/**
 * What a guard throws so that the client of this transport gets to know the code: HTTP and whatever
 * is not known, the error itself; GraphQL, one with `extensions.code`; sockets and microservices,
 * the exception of their Nest package, which is there when such a context is.
 */
export async function refusalIn(context: ExecutionContext, error: unknown): Promise<unknown> {
  if (!(error instanceof HttpException)) return error;
  switch (context.getType<string>()) {
    case 'graphql':
      return error instanceof CognitoAuthError ? new GraphqlRefusal(error) : error;
    case 'ws': {
      const WsException = await loadWsException();
      if (!WsException) return error;
      const body = bodyOf(error);
      answerRefusal(context.switchToWs().getClient(), body);
      return Object.assign(new WsException(body), { cause: error });
    }
    case 'rpc':
      return rpcRefusalOf(context, error, bodyOf(error));
    default:
      return error;
  }
}

/** What Nest sends for its own exceptions, and the code. */
function bodyOf(error: HttpException): object {
  const response = error.getResponse();
  const { retryAfter } = error as Partial<CognitoAuthError>;
  return {
    status: 'error',
    ...(typeof response === 'string' ? { message: response } : response),
    ...(retryAfter && { retryAfter }),
  };
}
