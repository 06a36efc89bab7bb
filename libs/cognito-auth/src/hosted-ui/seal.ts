import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import { Peers } from './peers.js';
import type { Iron } from './peers.js';

/** What is sealed is of use for its own purpose only. */
export type SealedKind = 'login' | 'session' | 'session-id' | 'stored-session';

/** What was sealed, frozen. */
export type Content = Readonly<Record<string, unknown>>;

/** What browsers send again and again. */
const IN_COOKIES_OF_SESSIONS: ReadonlySet<SealedKind> = new Set(['session', 'session-id']);

// As many as verified tokens are remembered by default; a session has about 5 KB.
const MAX_REMEMBERED = 5_000;
const REMEMBERED_FOR = 600_000;

/**
 * Encrypts and signs what leaves this process, and reads only what it wrote itself.
 *
 * To unseal a session takes a millisecond of CPU time, so what came out is remembered, by the SHA-256
 * of the whole text and for as long as the text is good. The same text gives the same content: who
 * decides whether a session goes on asks every time, and never here.
 */
@Injectable()
export class Seal {
  private readonly iron: Iron;
  private readonly remembered = new LRUCache<string, Remembered>({ max: MAX_REMEMBERED });

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

  /**
   * What was sealed for this purpose; `undefined` for anything else, and once it is too old. At once
   * for a text that is remembered.
   */
  unseal(kind: SealedKind, sealed: string): Content | undefined | Promise<Content | undefined> {
    if (!IN_COOKIES_OF_SESSIONS.has(kind)) return this.open(kind, sealed);
    const digest = hash('sha256', sealed, 'base64');
    const known = this.remembered.get(digest);
    if (known?.kind === kind && Date.now() < known.until) return known.content;
    return this.openAndRemember(kind, sealed, digest);
  }

  private async openAndRemember(kind: SealedKind, sealed: string, digest: string) {
    const content = await this.open(kind, sealed);
    if (!content) return undefined;
    const until = Math.min(endOf(sealed), Date.now() + REMEMBERED_FOR);
    this.remembered.set(digest, { kind, content, until });
    return content;
  }

  private async open(kind: SealedKind, sealed: string): Promise<Content | undefined> {
    for (const secret of this.options.cookies.secrets) {
      // oxlint-disable-next-line no-await-in-loop -- the next one only when this one does not fit
      const opened = await this.openWith(secret, sealed);
      if (opened) return this.isFor(kind, opened) ? opened.content : undefined;
    }
    return undefined;
  }

  /** A browser may give a cookie the name of another one, of another registration as well. */
  private isFor(kind: SealedKind, opened: Opened): boolean {
    return opened.kind === kind && opened.clientId === this.options.clientId;
  }

  private async openWith(secret: string, sealed: string): Promise<Opened | undefined> {
    const limits = { ...this.iron.defaults, timestampSkewSec: 0, decode: frozenJson };
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
  readonly content: Content;
}

interface Remembered {
  readonly kind: SealedKind;
  readonly content: Content;
  /** In milliseconds of Unix time. */
  readonly until: number;
}

/** Requests share what is remembered. */
function frozenJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => Object.freeze(value));
}

/** When a sealed text can be read no more, in milliseconds: `Fe26.2*id*salt*iv*text*end*salt*mac`. */
function endOf(sealed: string): number {
  return Number(sealed.split('*', 6)[5]);
}
