import { originOf } from './rpc-servers.js';

/** The longest time in seconds that a message waits before it goes back to its queue. */
const LONGEST_WAIT = 30;

/** A message as amqplib delivers it, and wants it back. */
interface RmqMessage {
  readonly fields?: { readonly deliveryTag?: number };
  readonly properties?: { readonly replyTo?: unknown };
}

type Method = (...args: unknown[]) => unknown;

type RmqChannel = Partial<Record<(typeof ONE)[number] | (typeof ALL)[number], Method>>;

/** The methods of a channel that settle one message, or with `true` all up to it. */
const ONE = ['ack', 'nack', 'reject'] as const;
/** Those that settle every message. */
const ALL = ['ackAll', 'nackAll'] as const;

interface RmqContext {
  getMessage?(): RmqMessage | null;
  getChannelRef?(): RmqChannel | null;
}

const ledgers = new WeakMap<RmqChannel, Ledger>();
const deliveries = new WeakMap<RmqMessage, RmqDelivery>();

/**
 * A message of RabbitMQ that waits for its acknowledgement. Nest leaves that to the handler, which
 * a refused message does not reach: unsettled, it takes up the prefetch window until the channel
 * closes, and then comes back.
 */
export class RmqDelivery {
  /** Whether a handler refused the message for now only. */
  #isTemporary = false;
  /** In seconds. */
  #wait = 0;

  private constructor(
    private readonly ledger: Ledger,
    private readonly message: RmqMessage,
    /** The number of handlers that may still accept the message, and then settle it. */
    private handlers: number,
  ) {}

  /**
   * The delivery that a context is about, or `undefined` where there is nothing to settle: other
   * transporters, and consumers with `noAck`, whose channels the broker would close.
   */
  static of(context: RmqContext): RmqDelivery | undefined {
    const channel = context.getChannelRef?.();
    const message = context.getMessage?.();
    if (!message || typeof channel?.nack !== 'function') return undefined;
    const origin = originOf(context);
    if (origin?.server.noAck) return undefined;
    const known = deliveries.get(message);
    if (known) return known;
    const ledger = Ledger.of(channel, channel.nack);
    const delivery = new RmqDelivery(ledger, message, origin?.handlers ?? 1);
    ledger.open(message);
    deliveries.set(message, delivery);
    return delivery;
  }

  /** Whether the sender waits for an answer. */
  get isRequest(): boolean {
    return typeof this.message.properties?.replyTo === 'string';
  }

  /**
   * Settles the message after the last of its handlers has refused it, unless the application does.
   *
   * @param retryAfter seconds after which another delivery makes sense; without it there is none
   */
  refused(retryAfter?: number): void {
    if (retryAfter !== undefined) {
      this.#isTemporary = true;
      this.#wait = Math.max(this.#wait, Math.min(retryAfter, LONGEST_WAIT));
    }
    this.handlers -= 1;
    if (this.handlers > 0) return;
    // Its sender has an answer, and sends it again.
    const requeue = this.#isTemporary && !this.isRequest;
    if (!requeue) return this.ledger.nack(this.message, false);
    // At once, the broker would deliver it again at once.
    setTimeout(() => this.ledger.nack(this.message, true), this.#wait * 1000).unref();
  }
}

/** The refused messages of a channel: RabbitMQ closes a channel that settles a message twice. */
class Ledger {
  /** Refused messages that nobody has settled yet, by tag. */
  readonly #open = new Map<number | undefined, RmqMessage>();
  readonly #settled = new WeakSet<RmqMessage>();
  readonly #nack: Method;

  private constructor(channel: RmqChannel, nack: Method) {
    this.#nack = nack.bind(channel);
    for (const name of ONE) {
      this.#watch(channel, name, (message, allUpTo) =>
        this.#maySettle(message as RmqMessage, name !== 'reject' && allUpTo === true),
      );
    }
    for (const name of ALL) {
      this.#watch(channel, name, () => {
        this.#open.clear();
        return true;
      });
    }
  }

  static of(channel: RmqChannel, nack: Method): Ledger {
    const known = ledgers.get(channel);
    if (known) return known;
    const ledger = new Ledger(channel, nack);
    ledgers.set(channel, ledger);
    return ledger;
  }

  open(message: RmqMessage): void {
    this.#open.set(message.fields?.deliveryTag, message);
  }

  nack(message: RmqMessage, requeue: boolean): void {
    const tag = message.fields?.deliveryTag;
    if (this.#open.get(tag) !== message) return;
    this.#open.delete(tag);
    this.#settled.add(message);
    try {
      this.#nack(message, false, requeue);
    } catch {
      // The channel is closed, and the broker delivers what was open there again.
    }
  }

  /** Whether the application may settle this message; if so, we may not any more. */
  #maySettle(message: RmqMessage | undefined, allUpTo: boolean): boolean {
    if (message && this.#settled.has(message)) return false;
    const last = message?.fields?.deliveryTag;
    for (const tag of this.#open.keys()) {
      if (tag === last || (allUpTo && Number(tag) < Number(last))) this.#open.delete(tag);
    }
    return true;
  }

  // A proxy leaves the method what it is, should somebody count its calls.
  #watch(channel: RmqChannel, name: keyof RmqChannel, mayPass: (...args: unknown[]) => boolean) {
    const method = channel[name];
    if (typeof method !== 'function') return;
    channel[name] = new Proxy(method, {
      apply: (target, self, args: unknown[]) =>
        mayPass(...args) ? Reflect.apply(target, self, args) : undefined,
    });
  }
}
