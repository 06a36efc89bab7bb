import type { LoggerService } from '@nestjs/common';
import { inspect } from 'node:util';

/** Takes the place of Nest's logger and keeps everything that is logged, at every level. */
export class CapturedLog implements LoggerService {
  private readonly entries: string[] = [];

  readonly log = (...values: unknown[]) => this.keep(values);
  readonly error = (...values: unknown[]) => this.keep(values);
  readonly warn = (...values: unknown[]) => this.keep(values);
  readonly debug = (...values: unknown[]) => this.keep(values);
  readonly verbose = (...values: unknown[]) => this.keep(values);
  readonly fatal = (...values: unknown[]) => this.keep(values);

  /** All of it, objects in full, errors with their causes. */
  get text(): string {
    return this.entries.join('\n');
  }

  /** What was logged so far is of no interest. */
  clear(): void {
    this.entries.length = 0;
  }

  private keep(values: unknown[]): void {
    const entries = values.map((value) =>
      typeof value === 'string'
        ? value
        : inspect(value, { depth: Infinity, maxStringLength: null, breakLength: Infinity }),
    );
    this.entries.push(...entries);
  }
}
