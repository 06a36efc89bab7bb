import { metadataOf } from './rpc-metadata.js';
import type { RpcMetadata } from './rpc-metadata.js';

/** Which message a context of a transporter was given a user for. */
const presented = new WeakMap<object, RpcCall>();

/** A message of a microservice, in the place of a request: what extractors look at. */
export class RpcCall {
  #metadata?: RpcMetadata;

  constructor(
    /** The payload. */
    readonly data: unknown,
    /** What the transporter knows of the message: `TcpContext`, `NatsContext`, gRPC's `Metadata`, … */
    readonly context: object,
  ) {}

  /** The metadata of the message, by lower-case names; a list where one name has several values. */
  get headers(): Readonly<Record<string, string | string[] | undefined>> {
    return (this.#metadata ??= metadataOf(this.context));
  }

  static from(data: unknown, context: unknown): RpcCall | undefined {
    if (typeof context !== 'object' || context === null) return undefined;
    return new RpcCall(data, context);
  }

  /**
   * Puts the user on the context of the transporter, for guards and interceptors to come; but for
   * nobody once that context serves several messages, who would find the user of another one.
   *
   * @internal
   */
  present(property: string, user: unknown): void {
    const first = presented.get(this.context) ?? this;
    presented.set(this.context, first);
    Reflect.set(this.context, property, this.#isOf(first) ? user : undefined);
  }

  // Each handler of an event has a call of its own; the payload is the same.
  #isOf(call: RpcCall): boolean {
    if (call === this) return true;
    return typeof call.data === 'object' && call.data !== null && call.data === this.data;
  }
}
