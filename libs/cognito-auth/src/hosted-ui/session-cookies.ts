import { Inject, Injectable } from '@nestjs/common';
import type { BrowserExchange } from './browser-exchange.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { Seal } from './seal.js';
import type { Content, SealedKind } from './seal.js';

// RFC 6265bis §5.6: browsers keep cookies of up to 4,096 bytes, name and attributes included.
const CHUNK_LENGTH = 3_600;

// Node.js refuses requests with more than 16 KB of headers, and there are others besides these.
const MAX_CHUNKS = 3;

/** The cookies of a session: one, or several where one does not hold it. */
@Injectable()
export class SessionCookies {
  private readonly names: readonly string[];

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
    @Inject(Seal) private readonly seal: Seal,
  ) {
    const { name } = options.cookies;
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
    for (const name of this.names) {
      if (exchange.has(name)) exchange.setCookie(name, '', { ...this.options.cookies, maxAge: 0 });
    }
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
