/** The part of a Nest microservice server, or of a strategy of the application, that is read here. */
interface RpcServer {
  /** Of RabbitMQ: whether the broker counts a message as settled when it has sent it. */
  readonly noAck?: boolean;
}

/** The server that a message came from. */
export interface Origin {
  readonly server: RpcServer;
  /** The number of handlers that get the message; several only for events. */
  readonly handlers: number;
}

/** Decides the outcome of a handler that refused; `filter` runs the filters of the application. */
type Outcome = (filter: () => unknown) => unknown;

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

interface Handler extends AnyFunction {
  readonly next?: Handler;
}

interface Prototypes {
  readonly server: { addHandler?: AnyFunction };
  readonly exceptions: { handle?: AnyFunction };
}

const origins = new WeakMap<object, Origin>();
const outcomes = new WeakMap<object, Outcome>();
const watched = new WeakSet<object>();

/** The server of a message, by the context of its transporter; unknown for handlers called directly. */
export function originOf(context: object): Origin | undefined {
  return origins.get(context);
}

/** Sets the outcome of the handler that fails with this error, once filters have seen it. */
export function decideOutcome(error: object, outcome: Outcome): void {
  outcomes.set(error, outcome);
}

/**
 * Makes Nest's servers tell which one a message came from, and lets refusals decide the outcome of
 * their handlers: Nest itself turns everything that a guard throws into a failure of the handler.
 *
 * A server has to be watched before it listens, so that the first message has an origin, too.
 */
export async function watchRpcServers(): Promise<void> {
  // Bundlers take what is tried for optional.
  try {
    const { Server } = await import('@nestjs/microservices');
    const { RpcExceptionsHandler } =
      await import('@nestjs/microservices/exceptions/rpc-exceptions-handler.js');
    watch({
      server: Server.prototype as unknown as Prototypes['server'],
      exceptions: RpcExceptionsHandler.prototype as unknown as Prototypes['exceptions'],
    });
  } catch (cause) {
    throw new Error('CognitoAuthModule does not know this version of Nest', { cause });
  }
}

/** @throws Error when Nest has changed so that refused events could come back without end */
export function watch({ server, exceptions }: Prototypes): void {
  if (watched.has(server)) return;
  const { addHandler } = server;
  const { handle } = exceptions;
  if (!addHandler || !handle) throw new TypeError('Nest handles messages in another way');
  server.addHandler = function addWatchedHandler(pattern, callback, ...rest) {
    return addHandler.call(this, pattern, withOrigin(this as RpcServer, callback), ...rest);
  };
  exceptions.handle = function handleRefusal(exception, ...rest) {
    const filter = () => handle.call(this, exception, ...rest);
    const outcome = isObject(exception) ? outcomes.get(exception) : undefined;
    return outcome ? outcome(filter) : filter();
  };
  watched.add(server);
}

// A proxy: Nest keeps the next handler of an event, and more, in properties of the function.
function withOrigin(server: RpcServer, callback: unknown): unknown {
  if (typeof callback !== 'function') return callback;
  return new Proxy(callback as Handler, {
    apply(handler, self, args: unknown[]) {
      const context = args.at(-1);
      // The first of several handlers calls the others, with the same context.
      if (isObject(context) && !origins.has(context)) {
        origins.set(context, { server, handlers: countFrom(handler) });
      }
      return Reflect.apply(handler, self, args);
    },
  });
}

function countFrom({ next }: Handler): number {
  return next ? 1 + countFrom(next) : 1;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
