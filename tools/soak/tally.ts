/** One answer, and what would have been right. */
export interface Outcome {
  /** The kind of token that was sent. */
  readonly sent: string;
  /** Status, and code or user. */
  readonly answer: string;
  readonly right: readonly string[];
}

const SHOWN = 10;

/** Counts answers, and keeps the first wrong ones. */
export class Tally {
  /** How many answers were wrong. */
  wrong = 0;

  private readonly counts = new Map<string, number>();
  private readonly examples: string[] = [];

  add({ sent, answer, right }: Outcome): void {
    const [statusAndCode = ''] = answer.split(' as ');
    this.counts.set(statusAndCode, (this.counts.get(statusAndCode) ?? 0) + 1);
    if (right.includes(answer)) return;
    this.wrong += 1;
    if (this.examples.length < SHOWN) {
      this.examples.push(`Wrong: ${answer} to ${sent}; right: ${right.join(' or ')}`);
    }
  }

  /** A table of status and code, the total, and the first wrong answers. */
  report(milliseconds: number): string {
    const rows = [...this.counts].toSorted(([a], [b]) => a.localeCompare(b));
    const total = rows.reduce((sum, [, count]) => sum + count, 0);
    const rate = Math.round((total * 1000) / milliseconds);
    return [
      ...rows.map(([answer, count]) => `  ${answer.padEnd(24)}${String(count).padStart(9)}`),
      `Requests: ${total}, ${rate} a second; wrong answers: ${this.wrong}`,
      ...this.examples,
    ].join('\n');
  }
}
