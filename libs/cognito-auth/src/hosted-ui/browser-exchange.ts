import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';
import { parse, serialize } from 'cookie';
import type { Found } from './sessions.js';

/** How a cookie is kept by the browser; all of them are httpOnly, `SameSite=Lax`, for all paths. */
export interface CookieAttributes {
  readonly isSecure: boolean;
  /** In seconds; 0 takes the cookie away. */
  readonly maxAge: number;
}

/**
 * One request of a browser and its answer, whatever framework stands around them. The handshake of
 * a socket has no answer: what is set then goes nowhere.
 */
export class BrowserExchange {
  /** The session of the request, once it was looked for. */
  session?: Found | Promise<Found>;

  private received?: Received;
  private readonly pending = new Map<string, string>();
  private readonly changed: Record<string, string | undefined> = {};
  private isWatched = false;

  constructor(
    readonly request: IncomingMessage,
    private readonly response?: ServerResponse,
  ) {}

  /**
   * The cookies that the browser sent, in its order: the oldest first (RFC 6265 §5.4).
   *
   * A name that comes twice is left out: a neighbour planted one of them, and nobody knows which.
   */
  get cookies(): Readonly<Record<string, string | undefined>> {
    return this.receivedCookies.sole;
  }

  /** The cookies that the browser will send after this answer, as far as it is known. */
  get nextCookies(): Readonly<Record<string, string | undefined>> {
    return { ...this.cookies, ...this.changed };
  }

  /** Whether the browser sent a cookie of this name, once or more. */
  has(name: string): boolean {
    return this.cookies[name] !== undefined || this.isDouble(name);
  }

  /** Whether the browser sent more than one cookie of this name. */
  isDouble(name: string): boolean {
    return this.receivedCookies.doubles.has(name);
  }

  private get receivedCookies(): Received {
    this.received ??= receivedIn(this.request.headers.cookie ?? '');
    return this.received;
  }

  get query(): URLSearchParams {
    // Not by URL, which some addresses that get here are not for.
    const [, ...query] = (this.request.url ?? '').split('?');
    return new URLSearchParams(query.join('?'));
  }

  /** The path that was asked for, wherever Express has got to. */
  get path(): string {
    const { originalUrl, url = '/' } = this.request as IncomingMessage & { originalUrl?: string };
    return (originalUrl ?? url).replace(/[?#].*$/s, '');
  }

  setHeader(name: string, value: string): void {
    if (this.response?.headersSent === false) this.response.setHeader(name, value);
  }

  /** Sends a cookie with the answer, whatever else sets cookies there. */
  setCookie(name: string, value: string, { isSecure: secure, maxAge }: CookieAttributes): void {
    this.changeWhenWritten();
    this.changed[name] = maxAge > 0 ? value : undefined;
    this.pending.set(
      name,
      serialize(name, value, { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge }),
    );
  }

  /** Takes a cookie away that was set for one path; one of that name for all paths stays. */
  removeCookieAt(name: string, path: string): void {
    this.changeWhenWritten();
    this.pending.set(`${name};${path}`, serialize(name, '', { path, maxAge: 0 }));
  }

  /**
   * Keeps the answer out of caches, the one behind the back button included, unless its handler says
   * otherwise: what comes later takes the place of this.
   */
  keepFromCaches(): void {
    if (this.response?.hasHeader('cache-control') === false) {
      this.setHeader('Cache-Control', 'private, no-store');
    }
  }

  /**
   * A handler may set a header as a whole, and Fastify writes its own headers over those of Node's
   * response: so ours are added at the last moment that there is.
   */
  private changeWhenWritten(): void {
    const { response } = this;
    if (!response || this.isWatched) return;
    this.isWatched = true;
    // oxlint-disable-next-line typescript/unbound-method -- called on the response again
    const writeHead = response.writeHead as (...args: unknown[]) => ServerResponse;
    response.writeHead = (...args: unknown[]) => {
      const headers = args.find((argument) => typeof argument === 'object' && argument !== null);
      for (const [name, value] of headersIn(headers)) response.setHeader(name, value);
      // A shared cache may keep an answer with its cookies (RFC 9111 §7.3), whatever page it is.
      if (this.pending.size > 0) {
        response.appendHeader('set-cookie', [...this.pending.values()]);
        response.setHeader('cache-control', 'no-store');
      }
      this.pending.clear();
      return writeHead.apply(
        response,
        args.filter((argument) => argument !== headers),
      );
    };
  }
}

/** The cookies of a request. */
interface Received {
  readonly sole: Readonly<Record<string, string | undefined>>;
  /** The names that came more than once. */
  readonly doubles: ReadonlySet<string>;
}

function receivedIn(header: string): Received {
  const sole = parse(header);
  const pairs = header.split(';').filter((pair) => pair.includes('='));
  const doubles = new Set<string>();
  if (pairs.length === Object.keys(sole).length) return { sole, doubles };
  const seen = new Set<string>();
  for (const name of pairs.flatMap((pair) => Object.keys(parse(pair)))) {
    if (seen.has(name)) doubles.add(name);
    seen.add(name);
  }
  for (const name of doubles) delete sole[name];
  return { sole, doubles };
}

/** What `writeHead()` takes: an object, or names and values in turn. */
function headersIn(headers: unknown): [string, OutgoingHttpHeader][] {
  if (!Array.isArray(headers)) {
    const entries = Object.entries((headers ?? {}) as Record<string, OutgoingHttpHeader>);
    return entries.filter(([, value]) => value !== undefined);
  }
  const flat = headers.flat() as string[];
  const values = new Map<string, string[]>();
  for (let index = 0; index < flat.length; index += 2) {
    const name = String(flat[index]).toLowerCase();
    values.set(name, [...(values.get(name) ?? []), String(flat[index + 1])]);
  }
  return [...values].map(([name, list]) => [name, list.length > 1 ? list : (list[0] as string)]);
}
