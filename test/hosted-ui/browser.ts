import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** What a browser got. */
export interface Visit {
  /** The address that answered, after all redirects that were followed. */
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** How a request differs from opening an address. */
interface RequestSetup {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
}

const MAX_REDIRECTS = 10;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/**
 * A browser with a cookie jar, which knows where public addresses really are: so an application
 * can be at `https://app.example.com` and listen on a port of this machine.
 */
export class Browser {
  /** @param places from public origins to real ones */
  constructor(
    private readonly places: Readonly<Record<string, string>> = {},
    private readonly jars = new Map<string, Map<string, string>>(),
  ) {}

  /** This browser, cookies and all, whose requests are led to other places. */
  through(places: Readonly<Record<string, string>>): Browser {
    return new Browser(places, this.jars);
  }

  /** Another browser with the cookies of now: in the hands of a thief, or restored later. */
  copy(): Browser {
    const jars = [...this.jars].map(([origin, jar]) => [origin, new Map(jar)] as const);
    return new Browser(this.places, new Map(jars));
  }

  /** The cookies for an origin, which a test may change. */
  cookiesOf(origin: string): Map<string, string> {
    let jar = this.jars.get(origin);
    if (!jar) this.jars.set(origin, (jar = new Map()));
    return jar;
  }

  /** Opens an address as a person does, and follows where it leads. */
  async open(address: string | URL, setup: RequestSetup = {}): Promise<Visit> {
    let visit = await this.navigate(address, setup);
    for (let count = 0; isRedirect(visit); count += 1) {
      if (count === MAX_REDIRECTS) throw new Error(`too many redirects at ${visit.url.href}`);
      visit = await this.navigate(locationOf(visit));
    }
    return visit;
  }

  /** Opens an address as a person does, without following where it leads. */
  navigate(address: string | URL, setup: RequestSetup = {}): Promise<Visit> {
    const headers = {
      accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-site': 'none',
      ...setup.headers,
    };
    return this.send(address, { ...setup, headers });
  }

  /** Sends a request as a script of a page of the same origin does. */
  call(address: string | URL, setup: RequestSetup = {}): Promise<Visit> {
    const headers = {
      accept: 'application/json',
      'sec-fetch-mode': 'cors',
      'sec-fetch-site': 'same-origin',
      ...setup.headers,
    };
    return this.send(address, { ...setup, headers });
  }

  /** Fills in the form of the local sign-in page, and goes on to the application. */
  async signIn(page: Visit, username: string, password: string): Promise<Visit> {
    return this.open(locationOf(await this.submit(page, username, password)));
  }

  /** Fills in the form of the local sign-in page, and stops before the application. */
  async submit(page: Visit, username: string, password: string): Promise<Visit> {
    const [, token = ''] = /name="_csrf" value="([^"]+)"/.exec(page.body) ?? [];
    const form = { username, password, _csrf: token };
    return this.navigate(page.url, { method: 'POST', form });
  }

  private async send(
    address: string | URL,
    { method = 'GET', headers, form }: RequestSetup,
  ): Promise<Visit> {
    const url = new URL(address);
    const place = this.places[url.origin] ?? url.origin;
    // Not fetch(), which writes a Sec-Fetch-Mode of its own.
    const call = request(place + url.pathname + url.search, {
      method,
      headers: { ...this.cookieHeader(url.origin), ...headers, ...(form && FORM) },
    });
    call.end(form && new URLSearchParams(form).toString());
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const body = await text(response);
    this.keep(url.origin, response.headers['set-cookie'] ?? []);
    return { url, status: response.statusCode ?? 0, headers: headersOf(response), body };
  }

  private cookieHeader(origin: string): Record<string, string> {
    const pairs = [...this.cookiesOf(origin)].map(([name, value]) => `${name}=${value}`);
    return pairs.length > 0 ? { cookie: pairs.join('; ') } : {};
  }

  protected keep(origin: string, cookies: readonly string[]): void {
    const jar = this.cookiesOf(origin);
    for (const cookie of cookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/; Max-Age=0(;|$)/i.test(cookie)) jar.delete(name);
      else jar.set(name, value);
    }
  }
}

/** Status and code of an answer in JSON. */
export function refusalOf({ status, body }: Visit): [number, string | undefined] {
  return [status, (JSON.parse(body) as { code?: string }).code];
}

/** Where a redirect leads. */
export function locationOf({ url, headers }: Visit): URL {
  return new URL(headers.get('location') ?? '', url);
}

function headersOf({ headersDistinct }: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
}

function isRedirect({ status }: Visit): boolean {
  return status >= 300 && status < 400;
}
