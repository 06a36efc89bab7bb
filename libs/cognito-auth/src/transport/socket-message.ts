/** What a socket said when it connected. */
export interface Handshake {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly query?: Readonly<Record<string, unknown>>;
  /** What socket.io's client sends as `auth`, and GraphQL clients as `connectionParams`. */
  readonly auth?: Readonly<Record<string, unknown>>;
}

/** A message of a socket, in the place of a request: what extractors look at. */
export class SocketMessage {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly query: Readonly<Record<string, unknown>>;

  constructor(
    /** The socket, or what else lasts as long as the connection. */
    readonly connection: object,
    readonly handshake: Handshake,
    /** The payload. */
    readonly data: unknown,
  ) {
    this.headers = withoutForeignCookies(handshake.headers ?? {});
    this.query = handshake.query ?? {};
  }

  static from(socket: unknown, data: unknown): SocketMessage | undefined {
    if (typeof socket !== 'object' || socket === null) return undefined;
    const { handshake = {} } = socket as { handshake?: Handshake };
    return new SocketMessage(socket, handshake, data);
  }
}

/**
 * A browser lets the pages of any site open a socket, and sends the cookies of its target along:
 * cookies count only when the handshake comes from the site itself, or from no browser.
 */
function withoutForeignCookies(
  headers: Handshake['headers'] & object,
): Handshake['headers'] & object {
  const { cookie, ...others } = headers;
  if (cookie === undefined || isSameOrigin(headers)) return headers;
  return others;
}

function isSameOrigin({ origin, host }: Handshake['headers'] & object): boolean {
  if (origin === undefined) return true;
  if (typeof origin !== 'string' || !URL.canParse(origin)) return false;
  return new URL(origin).host === host;
}
