type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A message of a microservice, in the place of a request: what extractors look at. */
export class RpcCall {
  /** The metadata of the message, by lower-case names. */
  readonly headers: Headers;

  constructor(
    /** The payload. */
    readonly data: unknown,
    /** What the transporter knows of the message: `TcpContext`, `NatsContext`, gRPC's `Metadata`, … */
    readonly context: object,
  ) {
    this.headers = headersOf(context);
  }

  static from(data: unknown, context: unknown): RpcCall | undefined {
    if (typeof context !== 'object' || context === null) return undefined;
    return new RpcCall(data, context);
  }
}

function headersOf(_context: object): Headers {
  return {};
}
