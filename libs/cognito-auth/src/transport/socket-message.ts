import { isCrossSite } from '../http/cross-site.js';

/** What a socket said when it connected. */
export interface Handshake {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as Node received them. */
  readonly rawHeaders?: readonly string[];
  readonly query?: Readonly<Record<string, unknown>>;
  /** What socket.io's client sends as `auth`, and GraphQL clients as `connectionParams`. */
  readonly auth?: Readonly<Record<string, unknown>>;
  /** Whether it came over TLS all the way; `false` behind a proxy that ends TLS. */
  readonly secure?: boolean;
}

/** What socket.io knows of a socket. */
interface SocketLike {
  readonly handshake?: Handshake;
  readonly request?: { readonly rawHeaders?: readonly string[] };
}

/** A message of a socket, in the place of a request: what extractors look at. */
export class SocketMessage {
  /** Without the cookies of a handshake that another site made a browser send. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[];
  readonly query: Readonly<Record<string, unknown>>;

  constructor(
    /** The socket, or what else lasts as long as the connection. */
    readonly connection: object,
    readonly handshake: Handshake,
    /** The payload. */
    readonly data: unknown,
  ) {
    this.headers = headersOf(handshake);
    this.rawHeaders = handshake.rawHeaders;
    this.query = handshake.query ?? {};
  }

  /**
   * The cookies of the handshake, for whoever knows the origin of the pages of this application: a
   * proxy that hides Host does not keep them from it.
   */
  cookiesFor(ownOrigin: string): string {
    const isForeign = isFromOtherSite(this.handshake, (origin) => origin === ownOrigin);
    const { headers = {} } = isForeign ? this : this.handshake;
    return [headers['cookie'] ?? []].flat().join('; ');
  }

  static from(socket: unknown, data: unknown): SocketMessage | undefined {
    if (typeof socket !== 'object' || socket === null) return undefined;
    const { handshake = {}, request } = socket as SocketLike;
    return new SocketMessage(socket, { rawHeaders: request?.rawHeaders, ...handshake }, data);
  }
}

/**
 * A browser lets the pages of any site open a socket, and sends the cookies of its target along:
 * cookies count only when the handshake comes from the site itself, or from no browser.
 */
function headersOf(handshake: Handshake): Handshake['headers'] & object {
  const { headers = {}, secure } = handshake;
  const { cookie, ...others } = headers;
  if (cookie === undefined) return headers;
  const isOwn = (origin: unknown) => isOriginOf(headers['host'], origin, secure);
  return isFromOtherSite(handshake, isOwn) ? others : headers;
}

function isFromOtherSite(
  { headers = {}, query }: Handshake,
  isOwn: (origin: unknown) => boolean,
): boolean {
  // The parameter makes socket.io answer with a script: JSON with padding, for browsers without CORS.
  return isCrossSite(headers, isOwn, query?.['j'] !== undefined);
}

// RFC 6455 §4.1: every browser names the origin of the page; a sandboxed one is "null". Host never
// has the default port of its scheme, and so has the host of a URL. What a proxy says in headers of
// its own is not looked at: where it hides Host, cookies do not count.
function isOriginOf(host: unknown, origin: unknown, secure?: boolean): boolean {
  if (typeof origin !== 'string' || !URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (secure && page.protocol !== 'https:') return false;
  return page.host !== '' && page.host === host;
}
