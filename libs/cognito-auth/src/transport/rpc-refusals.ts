import { IntrinsicException, Logger } from '@nestjs/common';
import type { ExecutionContext, HttpException } from '@nestjs/common';
import {
  catchError,
  defaultIfEmpty,
  defer,
  finalize,
  from,
  isObservable,
  mergeMap,
  of,
  ReplaySubject,
  tap,
  throwError,
} from 'rxjs';
import type { MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { CognitoAuthError } from '../cognito-auth.errors.js';
import { isError, isInstanceOf } from '../faults/foreign-errors.js';
import { loadMicroservices } from './nest-peers.js';
import { RmqDelivery } from './rpc-delivery.js';
import { isGrpcMetadata, kafkaHeadersOf } from './rpc-metadata.js';
import { decideOutcome, originOf, watchRpcServers } from './rpc-servers.js';

type Microservices = typeof import('@nestjs/microservices');

/** The keys and values of `@EventPattern()`, which only a microservice has to load. */
const HANDLER_TYPE = 'microservices:handler_type';
const EVENT = 2;

/** The headers of a Kafka message that is to be answered. */
const KAFKA_REPLY = ['kafka_correlationId', 'kafka_replyTopic'] as const;

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
const GRPC_STATUS: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 503: 14 };
const GRPC_UNKNOWN = 2;

/** As Nest logs faults of handlers. */
const filterLogger = new Logger('RpcExceptionsHandler');

/** The answer to the client of a microservice, as far as it is read here. */
interface RefusalBody {
  readonly code?: string;
  readonly message?: unknown;
}

/**
 * The error that a guard throws so that the client of a microservice gets to know this refusal, and the
 * broker that the message is done with, or has to come back.
 *
 * @param body what transporters send as it is; gRPC sends a status and a text
 */
export async function rpcRefusalOf(
  context: ExecutionContext,
  error: HttpException,
  body: RefusalBody,
): Promise<Error> {
  const microservices = await loadMicroservices();
  if (!microservices) return error;
  await watchRpcServers();
  const { RpcException } = microservices;
  const transporter: unknown = context.getArgByIndex(1);
  const isGrpc = isGrpcMetadata(transporter);
  const refusal = isEventHandler(context)
    ? new EventRefusal(error, body)
    : Object.assign(new RpcException(isGrpc ? grpcErrorOf(error, body) : body), { cause: error });
  if (typeof transporter !== 'object' || transporter === null) return refusal;
  const delivery = RmqDelivery.of(transporter);
  const isOver =
    isFinal(error) && isEvent(context) && !keepsFailuresToItself(transporter, microservices);
  if (!delivery && !isOver) return refusal;
  decideOutcome(refusal, (filter) => {
    const answer = answerOf(filter).pipe(
      tap({ error: (failure) => reportFault(failure, refusal, microservices) }),
      finalize(() => delivery?.refused(retryAfterOf(error))),
    );
    return started(isOver ? answer.pipe(over(microservices)) : answer);
  });
  return refusal;
}

/** Whether nobody waits for the answer to a message. */
export function isEvent(context: ExecutionContext): boolean {
  if (isEventHandler(context)) return true;
  const headers = kafkaHeadersOf(context.getArgByIndex(1));
  return headers !== undefined && !KAFKA_REPLY.every((name) => headers[name]);
}

function isEventHandler(context: ExecutionContext): boolean {
  return Reflect.getMetadata(HANDLER_TYPE, context.getHandler()) === EVENT;
}

/** Whether the same message would be refused again. */
function isFinal(error: HttpException): boolean {
  return error.getStatus() < 500;
}

/** Seconds after which another attempt makes sense, if one does. */
function retryAfterOf(error: HttpException): number | undefined {
  return isFinal(error) ? undefined : ((error as Partial<CognitoAuthError>).retryAfter ?? 1);
}

/**
 * Whether the failure of an event ends with the server that it came from: that of a request is an
 * answer there, also of one that was sent to the handler of an event. Kafka, and strategies of the
 * application, deliver a failed event again.
 */
function keepsFailuresToItself(
  transporter: object,
  { ServerTCP, ServerRedis, ServerNats, ServerMqtt, ServerRMQ }: Microservices,
): boolean {
  const server = originOf(transporter)?.server.constructor;
  return [ServerTCP, ServerRedis, ServerNats, ServerMqtt, ServerRMQ].some((own) => own === server);
}

/** Ends an event well, whatever filters made of its refusal, unless they ask for another delivery. */
function over({ KafkaRetriableException }: Microservices): MonoTypeOperatorFunction<unknown> {
  return (answer) =>
    answer.pipe(
      catchError((failure: unknown) =>
        failure instanceof KafkaRetriableException ? throwError(() => failure) : of(undefined),
      ),
      // Kafka takes an event without an outcome for a failed one.
      defaultIfEmpty(undefined),
    );
}

/** Logs what filters did not mean to answer: a refused event must not hold up others for it. */
function reportFault(failure: unknown, refusal: Error, { RpcException }: Microservices): void {
  if (failure === refusal || isInstanceOf(failure, RpcException)) return;
  if (isError(failure)) filterLogger.error(failure);
}

function answerOf(filter: () => unknown): Observable<unknown> {
  return defer(() => {
    const answer = filter();
    if (isObservable(answer)) return answer;
    return from(Promise.resolve(answer)).pipe(
      mergeMap((value) => (isObservable(value) ? value : of(value))),
    );
  });
}

/** The same, whether anybody subscribes or not: nobody has to, for an event. */
function started(answer: Observable<unknown>): Observable<unknown> {
  const replay = new ReplaySubject<unknown>();
  answer.subscribe(replay);
  return replay;
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
