import { Inject, Injectable } from '@nestjs/common';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import { Peers } from './peers.js';
import type { Iron } from './peers.js';

/** What is sealed is of use for its own purpose only. */
export type SealedKind = 'login' | 'session' | 'session-id' | 'stored-session';

/** Encrypts and signs what leaves this process, and reads only what it wrote itself. */
@Injectable()
export class Seal {
  private readonly iron: Iron;

  /** @internal */
  constructor(
    @Inject(Peers) { iron }: Peers,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
  ) {
    this.iron = iron;
  }

  /** @param maxAge seconds for which it can be read */
  seal(kind: SealedKind, content: object, maxAge: number): Promise<string> {
    const [secret] = this.options.cookies.secrets;
    const limits = { ...this.iron.defaults, ttl: maxAge * 1000 };
    return this.iron.seal({ kind, clientId: this.options.clientId, content }, secret, limits);
  }

  /** What was sealed for this purpose; `undefined` for anything else, and once it is too old. */
  async unseal(kind: SealedKind, sealed: string): Promise<Record<string, unknown> | undefined> {
    for (const secret of this.options.cookies.secrets) {
      // oxlint-disable-next-line no-await-in-loop -- the next one only when this one does not fit
      const opened = await this.open(sealed, secret);
      if (opened) return this.isFor(kind, opened) ? opened.content : undefined;
    }
    return undefined;
  }

  /** A browser may give a cookie the name of another one, of another registration as well. */
  private isFor(kind: SealedKind, opened: Opened): boolean {
    return opened.kind === kind && opened.clientId === this.options.clientId;
  }

  private async open(sealed: string, secret: string): Promise<Opened | undefined> {
    const limits = { ...this.iron.defaults, timestampSkewSec: 0 };
    try {
      return (await this.iron.unseal(sealed, secret, limits)) as Opened;
    } catch {
      return undefined;
    }
  }
}

interface Opened {
  readonly kind: SealedKind;
  /** The app client whose registration has sealed it. */
  readonly clientId: string;
  readonly content: Record<string, unknown>;
}
