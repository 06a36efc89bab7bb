import { randomBytes } from 'node:crypto';

interface Entry<Value> {
  readonly value: Value;
  /** In milliseconds. */
  readonly expiresAt: number;
}

/** Values that are forgotten when their time is over, and the oldest ones when there are too many. */
export class ExpiringStore<Value> {
  private readonly entries = new Map<string, Entry<Value>>();

  constructor(
    /** In seconds. */
    private readonly lifetime: number,
    private readonly capacity = 10_000,
  ) {}

  /** Keeps a value under a new key, which nobody can guess. */
  add(value: Value): string {
    const key = unguessableText();
    this.set(key, value);
    return key;
  }

  set(key: string, value: Value): void {
    this.keep(key, { value, expiresAt: Date.now() + this.lifetime * 1000 });
  }

  get(key: string): Value | undefined {
    const entry = this.entries.get(key);
    return entry && entry.expiresAt > Date.now() ? entry.value : undefined;
  }

  /** Gives a value away: it is here no longer. */
  take(key: string): Value | undefined {
    const value = this.get(key);
    this.entries.delete(key);
    return value;
  }

  /** Keeps a value under another key, for the rest of its time. */
  move(from: string, to: string): void {
    const entry = this.entries.get(from);
    if (!entry) return;
    this.entries.delete(from);
    this.keep(to, entry);
  }

  private keep(key: string, entry: Entry<Value>): void {
    this.entries.set(key, entry);
    const [oldest] = this.entries.keys();
    if (oldest !== undefined && this.entries.size > this.capacity) this.entries.delete(oldest);
  }
}

/** 256 random bits as text that needs no escaping in an address, a cookie or a form. */
export function unguessableText(): string {
  return randomBytes(32).toString('base64url');
}
