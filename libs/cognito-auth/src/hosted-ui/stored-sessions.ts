import { LRUCache } from 'lru-cache';
import type { BrowserExchange } from './browser-exchange.js';
import type { Content, Seal } from './seal.js';
import { secondsLeft, sessionIn } from './session.js';
import type { Session } from './session.js';
import type { SessionCookies } from './session-cookies.js';
import type { SessionStore } from './session-store.js';
import type { Found, Sessions } from './sessions.js';

interface Unsealed {
  readonly sealed: string;
  readonly content: Content;
}

// As many as verified tokens are remembered by default; one has about 10 KB.
const MAX_UNSEALED = 5_000;

/** Keeps sessions in a store, sealed; the cookie has the id of the session only, sealed as well. */
export class StoredSessions implements Sessions {
  readonly isShared = true;

  /** The last of each session. An entry of the store that is still the same is not unsealed again. */
  private readonly unsealed = new LRUCache<string, Unsealed>({ max: MAX_UNSEALED });

  /** @param maxAge seconds */
  constructor(
    private readonly cookies: SessionCookies,
    private readonly store: SessionStore,
    private readonly seal: Seal,
    private readonly maxAge: number,
  ) {}

  find(exchange: BrowserExchange): Found | Promise<Found> {
    const named = this.cookies.read('session-id', exchange);
    return named instanceof Promise
      ? named.then((content) => this.named(content))
      : this.named(named);
  }

  async keep(session: Session): Promise<void> {
    const left = secondsLeft(session, this.maxAge);
    const sealed = await this.seal.seal('stored-session', session, left);
    await this.store.write(keyOf(session.id), sealed, left);
  }

  give(session: Session, exchange: BrowserExchange): Promise<void> {
    const left = secondsLeft(session, this.maxAge);
    return this.cookies.write('session-id', { id: session.id }, left, exchange);
  }

  current({ id }: Session): Promise<Found> {
    return this.read(id);
  }

  /** What is written later, by a process that was about to, does not bring it back. */
  async forget(session: Session): Promise<Session> {
    const { id, version } = session;
    await this.store.write(endKeyOf(id), 'over', Math.max(secondsLeft(session, this.maxAge), 1));
    const [sealed] = await this.store.read(keyOf(id));
    await this.store.remove(keyOf(id));
    const last = await this.opened(sealed, id);
    this.unsealed.delete(id);
    return last && last.version > version ? last : session;
  }

  clear(exchange: BrowserExchange): void {
    this.cookies.clear(exchange);
  }

  private named(content: Content | undefined): Promise<Found> | null {
    return content ? this.read(content['id'] as string) : null;
  }

  private async read(id: string): Promise<Found> {
    const [end, sealed] = await this.store.read(endKeyOf(id), keyOf(id));
    return end === undefined ? this.opened(sealed, id) : null;
  }

  private async opened(sealed: unknown, id: string): Promise<Found> {
    if (typeof sealed !== 'string') return null;
    const known = this.unsealed.get(id);
    if (known?.sealed === sealed) return sessionIn(known.content, this.maxAge);
    const content = await this.seal.unseal('stored-session', sealed);
    // An entry that was moved to another id is not that session.
    if (content?.['id'] !== id) return null;
    this.unsealed.set(id, { sealed, content });
    return sessionIn(content, this.maxAge);
  }
}

function keyOf(id: string): string {
  return `session:${id}`;
}

function endKeyOf(id: string): string {
  return `end:${id}`;
}
