import { Inject, Injectable } from '@nestjs/common';
import type { BrowserExchange } from './browser-exchange.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { Seal } from './seal.js';
import type { SealedKind } from './seal.js';

// RFC 6265bis §5.6: browsers keep cookies of up to 4,096 bytes, name and attributes included.
const CHUNK_LENGTH = 3_600;

// Node.js refuses requests with more than 16 KB of headers, and there are others besides these.
const MAX_CHUNKS = 3;

/** The cookies of a session: one, or several where one does not hold it. */
@Injectable()
export class SessionCookies {
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
    @Inject(Seal) private readonly seal: Seal,
  ) {}

  /** What was sealed for this purpose, if the cookies are whole and ours. */
  async read(
    kind: SealedKind,
    { cookies }: BrowserExchange,
  ): Promise<Record<string, unknown> | undefined> {
    // The first one says how many there are, so that left-overs of a longer session do no harm.
    const [, count, first] = /^([1-9])\.(.+)$/.exec(cookies[this.nameOf(0)] ?? '') ?? [];
    if (first === undefined || Number(count) > MAX_CHUNKS) return undefined;
    const chunks = [first];
    for (let index = 1; index < Number(count); index += 1) {
      chunks.push(cookies[this.nameOf(index)] ?? '');
    }
    return this.seal.unseal(kind, chunks.join(''));
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
    for (let index = 0; index < count; index += 1) {
      const chunk = sealed.slice(index * CHUNK_LENGTH, (index + 1) * CHUNK_LENGTH);
      const value = index === 0 ? `${count}.${chunk}` : chunk;
      exchange.setCookie(this.nameOf(index), value, { ...this.options.cookies, maxAge });
    }
  }

  /** Takes away whatever the browser has. */
  clear(exchange: BrowserExchange): void {
    for (let index = 0; index < MAX_CHUNKS; index += 1) {
      const name = this.nameOf(index);
      const isThere = exchange.cookies[name] !== undefined;
      if (isThere) exchange.setCookie(name, '', { ...this.options.cookies, maxAge: 0 });
    }
  }

  /** Whether there is anything to read. */
  areIn({ cookies }: BrowserExchange): boolean {
    return cookies[this.nameOf(0)] !== undefined;
  }

  private nameOf(index: number): string {
    const { name } = this.options.cookies;
    return index === 0 ? name : `${name}.${index}`;
  }
}

function tooLarge(): CognitoHostedUiError {
  return new CognitoHostedUiError(
    'session_too_large',
    'The tokens of this user do not fit into cookies; this application needs a session store (option "store")',
  );
}
