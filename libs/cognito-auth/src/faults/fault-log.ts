import type { Logger } from '@nestjs/common';
import { faultText } from './fault-text.js';
import { LineCounts, MOST_LINES } from './line-counts.js';

/**
 * Logs faults of the application in full, and few of each kind: while a store is down, every request
 * has the same one.
 */
export class FaultLog {
  private readonly counts = new LineCounts();

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
    const count = this.counts.add(kind);
    if (count <= MOST_LINES) this.logger.error(line, faultText(fault, ...tokens));
    if (count === MOST_LINES + 1) {
      this.logger.error(`${kind}: more of these are not logged for a minute`);
    }
  }
}
