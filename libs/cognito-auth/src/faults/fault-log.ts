import type { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { faultText } from './fault-text.js';

/** Lines a minute for each kind of fault: while a store is down, every request has the same one. */
const MOST_LINES = 10;
const MINUTE = 60_000;
const MOST_KINDS = 100;

/** Logs faults of the application in full, and few of each kind. */
export class FaultLog {
  private readonly counts = new LRUCache<string, number>({
    max: MOST_KINDS,
    ttl: MINUTE,
    noUpdateTTL: true,
  });

  constructor(private readonly logger: Logger) {}

  /**
   * @param kind what happened, for the line that says that it is not logged any more
   * @param tokens what the fault may quote, to keep it out of the log
   */
  error(
    kind: string,
    line: string | object,
    fault: unknown,
    tokens: readonly (string | null | undefined)[],
  ): void {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count <= MOST_LINES) this.logger.error(line, faultText(fault, ...tokens));
    if (count === MOST_LINES + 1) {
      this.logger.error(`${kind}: more of these are not logged for a minute`);
    }
  }
}
