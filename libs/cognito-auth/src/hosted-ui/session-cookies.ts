import { Inject, Injectable } from '@nestjs/common';
import type { BrowserExchange } from './browser-exchange.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import { removeDoubles } from './double-cookies.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { Seal } from './seal.js';
import type { Content, SealedKind } from './seal.js';

// RFC 6265bis §5.6: browsers keep cookies of up to 4,096 bytes, name and attributes included.
const CHUNK_LENGTH = 3_600;

// Node.js refuses requests with more than 16 KB of headers, and there are others besides these.
const MAX_CHUNKS = 3;

// Seconds; as long as a sign-in may take.
const NOTED_FOR = 600;

// How often cookies that came twice were taken away.
const TRIED = 'once';
const IN_VAIN = 'twice';

/** The cookies of a session: one, or several where one does not hold it. */
@Injectable()
export class SessionCookies {
  private readonly names: readonly string[];
  private readonly note: string;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
    @Inject(Seal) private readonly seal: Seal,
  ) {
    const { name } = options.cookies;
    this.note = `${name}.double`;
    this.names = Array.from({ length: MAX_CHUNKS }, (_, index) =>
      index === 0 ? name : `${name}.${index}`,
    );
  }

  /** What was sealed for this purpose, if the cookies are whole and ours; at once if it is known. */
  read(
    kind: SealedKind,
    exchange: BrowserExchange,
  ): Content | undefined | Promise<Content | undefined> {
    const sealed = this.sealedIn(exchange);
    return sealed === undefined ? undefined : this.seal.unseal(kind, sealed);
  }

  /**
   * @param maxAge seconds
   * @throws CognitoHostedUiError `session_too_large`
   */
  async write(
    kind: SealedKind,
    content: object,
    maxAge: number,
    exchange: BrowserExchange,
  ): Promise<void> {
    const sealed = await this.seal.seal(kind, content, maxAge);
    const count = Math.ceil(sealed.length / CHUNK_LENGTH);
    if (count > MAX_CHUNKS) throw tooLarge();
    this.clear(exchange);
    for (const [index, name] of this.names.slice(0, count).entries()) {
      const chunk = sealed.slice(index * CHUNK_LENGTH, (index + 1) * CHUNK_LENGTH);
      const value = index === 0 ? `${count}.${chunk}` : chunk;
      exchange.setCookie(name, value, { ...this.options.cookies, maxAge });
    }
  }

  /** Takes away whatever the browser has. */
  clear(exchange: BrowserExchange): void {
    this.removeDoubles(exchange);
    for (const name of this.names) {
      if (exchange.has(name)) exchange.setCookie(name, '', { ...this.options.cookies, maxAge: 0 });
    }
  }

  /**
   * Makes the session of a browser readable again whose cookies came twice: takes those of others
   * away.
   *
   * @returns whether there were any
   */
  removeDoubles(exchange: BrowserExchange): boolean {
    return removeDoubles(this.names, exchange, this.options);
  }

  /** Does the same for a request that needs the session, and takes note of how often. */
  removeDoublesInTheWay(exchange: BrowserExchange): void {
    if (!this.removeDoubles(exchange)) return;
    const note = exchange.has(this.note) ? IN_VAIN : TRIED;
    exchange.setCookie(this.note, note, { ...this.options.cookies, maxAge: NOTED_FOR });
  }

  /**
   * Refuses to sign in a browser whose cookies came twice although they were taken away: its user
   * would be sent to sign in again, and again. The next time is a new try.
   *
   * @throws CognitoHostedUiError `duplicate_cookie`
   */
  checkReadable(exchange: BrowserExchange): void {
    if (exchange.cookies[this.note] !== IN_VAIN) return;
    exchange.setCookie(this.note, '', { ...this.options.cookies, maxAge: 0 });
    throw new CognitoHostedUiError(
      'duplicate_cookie',
      `This browser sends the cookie ${this.options.cookies.name} twice, and something sets it again; delete the cookies of this site, then sign in`,
    );
  }

  /** Whether there is anything to read. */
  areIn(exchange: BrowserExchange): boolean {
    return exchange.has(this.options.cookies.name);
  }

  private sealedIn({ cookies }: BrowserExchange): string | undefined {
    const [first = '', ...others] = this.names.map((name) => cookies[name]);
    // The first one says how many there are, so that left-overs of a longer session do no harm.
    const count = Number(/^([1-9])\./.exec(first)?.[1]);
    if (!(count <= MAX_CHUNKS)) return undefined;
    return [first.slice(2), ...others.slice(0, count - 1)].join('');
  }
}

function tooLarge(): CognitoHostedUiError {
  return new CognitoHostedUiError(
    'session_too_large',
    'The tokens of this user do not fit into cookies; this application needs a session store (option "store")',
  );
}
