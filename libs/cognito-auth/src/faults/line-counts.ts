import { LRUCache } from 'lru-cache';

const MINUTE = 60_000;
const MOST_KINDS = 100;

/** Lines a minute of each kind: whoever is outside must not be able to fill the log. */
export const MOST_LINES = 10;

/** Counts the lines of a log, by kind and minute. */
export class LineCounts {
  private readonly counts = new LRUCache<string, number>({
    max: MOST_KINDS,
    ttl: MINUTE,
    noUpdateTTL: true,
  });

  /** The number of lines of this kind within a minute of the first one, with this line. */
  add(kind: string): number {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    return count;
  }
}
