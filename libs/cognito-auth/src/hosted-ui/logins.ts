import { LRUCache } from 'lru-cache';
import type { BrowserExchange } from './browser-exchange.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import type { Seal } from './seal.js';
import type { SessionStore } from './session-store.js';

/** What a browser was sent to the hosted pages with, to be compared when it comes back. */
export interface Login {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly returnTo?: string;
}

// Cognito gives a user three minutes for each page; a code lives for five.
const MAX_AGE = 600;

// Beside a session of the largest size, within the 16 KB that Node.js takes.
const MAX_BYTES = 3_000;

const MAX_REMEMBERED = 10_000;

/**
 * The sign-ins that browsers have begun, each in a cookie of its own, so that tabs do not disturb
 * each other. Each is good for one answer of Cognito.
 */
export class Logins {
  private readonly used = new LRUCache<string, true>({
    max: MAX_REMEMBERED,
    ttl: MAX_AGE * 1000,
  });

  constructor(
    private readonly options: ResolvedHostedUiOptions,
    private readonly seal: Seal,
    private readonly store?: SessionStore,
  ) {}

  async begin(login: Login, exchange: BrowserExchange): Promise<void> {
    const sealed = await this.seal.seal('login', login, MAX_AGE);
    this.dropOldest(MAX_BYTES - sealed.length, exchange);
    const attributes = { ...this.options.cookies, maxAge: MAX_AGE };
    exchange.setCookie(this.nameOf(login.state), sealed, attributes);
  }

  /**
   * Ends the sign-in that this answer of Cognito belongs to.
   *
   * @throws CognitoHostedUiError `invalid_state` when this browser began none, or it is over
   */
  async end(state: string | null, exchange: BrowserExchange): Promise<Login> {
    const login = state && STATE.test(state) ? await this.find(state, exchange) : undefined;
    if (login?.state !== state || (await this.isUsed(login.state))) throw unknownState();
    return login;
  }

  private async find(state: string, exchange: BrowserExchange): Promise<Login | undefined> {
    const name = this.nameOf(state);
    const sealed = exchange.cookies[name];
    if (sealed === undefined) return undefined;
    this.remove(name, exchange);
    return (await this.seal.unseal('login', sealed)) as Login | undefined;
  }

  private async isUsed(state: string): Promise<boolean> {
    if (this.used.has(state)) return true;
    this.used.set(state, true);
    if (!this.store) return false;
    const key = `login:${state}`;
    const [former] = await this.store.read(key);
    if (former !== undefined) return true;
    await this.store.write(key, 'used', MAX_AGE);
    return false;
  }

  /** Begun and never ended: what does not fit goes, the oldest first. */
  private dropOldest(room: number, exchange: BrowserExchange): void {
    let left = room;
    const begun = Object.keys(exchange.cookies).filter((name) => name.startsWith(this.prefix));
    for (const name of begun.toReversed()) {
      left -= exchange.cookies[name]?.length ?? 0;
      if (left < 0) this.remove(name, exchange);
    }
  }

  private remove(name: string, exchange: BrowserExchange): void {
    exchange.setCookie(name, '', { ...this.options.cookies, maxAge: 0 });
  }

  private nameOf(state: string): string {
    return this.prefix + state.slice(0, 16);
  }

  private get prefix(): string {
    return `${this.options.cookies.name}.login.`;
  }
}

// What openid-client makes: 32 random bytes in base64url.
const STATE = /^[\w-]{43}$/;

function unknownState(): CognitoHostedUiError {
  return new CognitoHostedUiError(
    'invalid_state',
    'This browser did not begin this sign-in here, or it is over; sign in again',
  );
}
