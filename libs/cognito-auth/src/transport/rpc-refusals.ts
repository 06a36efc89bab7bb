import { IntrinsicException } from '@nestjs/common';
import type { ExecutionContext, HttpException } from '@nestjs/common';
import { loadRpcException } from './peer-exceptions.js';
import { isGrpcMetadata } from './rpc-metadata.js';

/** The keys and values of `@EventPattern()`, which only a microservice has to load. */
const HANDLER_TYPE = 'microservices:handler_type';
const EVENT = 2;

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
const GRPC_STATUS: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 503: 14 };
const GRPC_UNKNOWN = 2;

/** What a client of a microservice can be told. */
interface RefusalBody {
  readonly code?: string;
  readonly message?: unknown;
}

/**
 * What a guard throws so that the client of a microservice gets to know this refusal.
 *
 * @param body what transporters send as it is; gRPC sends a status and a text
 */
export async function rpcRefusalOf(
  context: ExecutionContext,
  error: HttpException,
  body: RefusalBody,
): Promise<Error> {
  if (isEvent(context)) return new EventRefusal(error, body);
  const RpcException = await loadRpcException();
  if (!RpcException) return error;
  const isGrpc = isGrpcMetadata(context.getArgByIndex(1));
  return Object.assign(new RpcException(isGrpc ? grpcErrorOf(error, body) : body), {
    cause: error,
  });
}

function isEvent(context: ExecutionContext): boolean {
  return Reflect.getMetadata(HANDLER_TYPE, context.getHandler()) === EVENT;
}

function grpcErrorOf(error: HttpException, { code, message }: RefusalBody): object {
  const details = [code, message].filter((text) => typeof text === 'string').join(': ');
  return { code: GRPC_STATUS[error.getStatus()] ?? GRPC_UNKNOWN, message: details, details };
}

/**
 * Nobody gets an answer to an event. Nest 12 logs an `RpcException` as a fault of the application
 * there, once for every event that anybody sends; not so this one. Filters get to see it.
 */
class EventRefusal extends IntrinsicException {
  readonly code?: string;

  constructor(
    override readonly cause: HttpException,
    private readonly body: object,
  ) {
    super(cause.message);
    this.name = cause.name;
    this.code = (body as RefusalBody).code;
  }

  /** As `RpcException` has it. */
  getError(): object {
    return this.body;
  }
}
