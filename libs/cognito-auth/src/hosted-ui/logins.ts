import { hkdfSync, randomBytes, randomInt } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { BrowserExchange } from './browser-exchange.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import { removeDoubles } from './double-cookies.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import type { Site } from './return-to.js';
import type { Seal } from './seal.js';
import type { SessionStore } from './session-store.js';

/** A sign-in under way, to be compared with the answer of Cognito. */
export interface Login {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  readonly returnTo?: string;
  /** How old the sign-in at Cognito may be, in seconds. Default: any age. */
  readonly maxAge?: number;
}

/** A sign-in as a browser keeps it: its secrets are derived from one, for small cookies. */
interface KeptLogin extends Pick<Login, 'returnTo' | 'maxAge'> {
  readonly secret: string;
}

// Cognito gives a user three minutes for each page; a code lives for five.
const MAX_AGE = 600;

/**
 * Sign-ins that one browser may have under way. Tabs that are restored all at once do not know of
 * each other's cookies, so that only fixed names keep these within the 16 KB of headers that Node.js
 * takes: beyond that it answers 431 to every request of the browser.
 */
const SLOTS = ['1', '2', '3', '4', '5', '6', '7', '8'];

/** The slot of sign-ins that come from a long address. */
const LONG_SLOT = '0';

const LONG_RETURN_TO = 256;

// Characters of a cookie in a slot, with its name.
const SLOT_SIZE = 750;

// Those 16 KB without a long sign-in, and what else a browser sends.
const ROOM = 12_000;

const MAX_REMEMBERED = 10_000;

/**
 * The sign-ins that browsers have begun, each in a cookie of its own, so that tabs do not disturb
 * each other. Each is good for one answer of Cognito. The first character of its `state` says which
 * cookie it is in.
 */
export class Logins {
  private readonly used = new LRUCache<string, true>({
    max: MAX_REMEMBERED,
    ttl: MAX_AGE * 1000,
  });

  // Instances of one application do not begin with the same slot.
  private turn = randomInt(SLOTS.length);

  constructor(
    private readonly options: ResolvedHostedUiOptions,
    private readonly seal: Seal,
    private readonly store?: SessionStore,
  ) {}

  /** Begins a sign-in, which the answer carries to the browser. */
  async begin(
    { returnTo, maxAge }: Pick<Login, 'returnTo' | 'maxAge'>,
    exchange: BrowserExchange,
  ): Promise<Login> {
    const slots = this.slotsFor(exchange);
    const kept = { secret: randomBytes(32).toString('base64url'), returnTo, maxAge };
    const login = loginOf(this.nextSlot(slots, returnTo, exchange), kept);
    const sealed = await this.seal.seal('login', kept, MAX_AGE);
    this.removeBeyond(slots, exchange);
    removeDoubles(
      [...SLOTS, LONG_SLOT].map((slot) => this.nameOf(slot)),
      exchange,
      this.options,
    );
    const attributes = { ...this.options.cookies, maxAge: MAX_AGE };
    exchange.setCookie(this.nameOf(login.state), sealed, attributes);
    return login;
  }

  /** Ends those that a browser has no room for beside the session that the answer gives it. */
  makeRoom(exchange: BrowserExchange): void {
    this.removeBeyond(this.slotsFor(exchange), exchange);
  }

  /**
   * Ends the sign-in that this answer of Cognito belongs to; `undefined` when this browser began
   * none, or it is over.
   */
  async end(state: string | null, exchange: BrowserExchange): Promise<Login | undefined> {
    const login = state && STATE.test(state) ? await this.find(state, exchange) : undefined;
    if (!login) return undefined;
    this.remove(this.nameOf(state as string), exchange);
    return (await this.isUsed(login.state)) ? undefined : login;
  }

  private async find(state: string, exchange: BrowserExchange): Promise<Login | undefined> {
    const sealed = exchange.cookies[this.nameOf(state)];
    const kept = sealed === undefined ? undefined : await this.seal.unseal('login', sealed);
    const login = kept && loginOf(state.slice(0, 1), kept as unknown as KeptLogin);
    // A slot may hold a later sign-in by now.
    return login?.state === state ? login : undefined;
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

  /** The slots that there is room for beside the other cookies of a browser. */
  private slotsFor({ nextCookies }: BrowserExchange): string[] {
    let others = 0;
    for (const [name, value] of Object.entries(nextCookies)) {
      if (value === undefined || name.startsWith(this.prefix)) continue;
      others += name.length + value.length;
    }
    return SLOTS.slice(0, Math.max(1, Math.floor((ROOM - others) / SLOT_SIZE)));
  }

  private nextSlot(
    slots: readonly string[],
    returnTo: string | undefined,
    exchange: BrowserExchange,
  ): string {
    if (returnTo !== undefined && returnTo.length > LONG_RETURN_TO) return LONG_SLOT;
    const free = slots.filter((slot) => !exchange.has(this.nameOf(slot)));
    // In turn, for tabs that begin at the same time: each gets a slot of its own.
    this.turn += 1;
    return free[this.turn % free.length] ?? this.oldestOf(slots, exchange);
  }

  /** Browsers send the oldest cookie first (RFC 6265 §5.4). */
  private oldestOf(slots: readonly string[], { cookies }: BrowserExchange): string {
    const names = new Set(slots.map((slot) => this.nameOf(slot)));
    const oldest = Object.keys(cookies).find((name) => names.has(name)) ?? this.nameOf('1');
    return oldest.slice(this.prefix.length);
  }

  private removeBeyond(slots: readonly string[], exchange: BrowserExchange): void {
    for (const slot of SLOTS.slice(slots.length)) {
      const name = this.nameOf(slot);
      if (exchange.has(name)) this.remove(name, exchange);
    }
  }

  private remove(name: string, exchange: BrowserExchange): void {
    exchange.setCookie(name, '', { ...this.options.cookies, maxAge: 0 });
  }

  /** @param state or the slot that it begins with */
  private nameOf(state: string): string {
    return this.prefix + state.slice(0, 1);
  }

  private get prefix(): string {
    return `${this.options.cookies.name}.login.`;
  }
}

// A slot, and 252 bits in base64url.
const STATE = /^\d[\w-]{42}$/;

function loginOf(slot: string, { secret, returnTo, maxAge }: KeptLogin): Login {
  // RFC 5869: none of them tells anything of the others.
  const derived = (name: string) =>
    Buffer.from(hkdfSync('sha256', secret, '', name, 32)).toString('base64url');
  return {
    state: slot + derived('state').slice(slot.length),
    nonce: derived('nonce'),
    codeVerifier: derived('code_verifier'),
    returnTo,
    maxAge,
  };
}

/**
 * The refusal of an answer of Cognito that belongs to no sign-in under way. A site that was opened
 * by another of its names has its cookies there, and Cognito leads back to one name only.
 */
export function unknownState({ origin }: Site): CognitoHostedUiError {
  return new CognitoHostedUiError(
    'invalid_state',
    `This browser did not begin this sign-in at ${origin}, or it is over; sign in again`,
  );
}
