import type { LocalUserPool } from 'nestjs-cognito-auth/testing';

/** Whether an application has to know a key; either is right while the news is on its way. */
export type Knowledge = 'known' | 'unknown' | 'either';

// Milliseconds for the next refresh, and for a machine that is busy.
const GRACE = 2_000;

/** When the keys of a user pool were published and removed. */
export class KeyTimeline {
  rotations = 0;

  private readonly publishedAt = new Map<string, number>();
  private readonly removedAt = new Map<string, number>();

  constructor(private readonly pool: LocalUserPool) {
    this.note();
  }

  /** Rotates the keys; every other time the tokens signed so far stop working at once. */
  async rotate(): Promise<void> {
    this.rotations += 1;
    await this.pool.rotateKeys({ keep: this.rotations % 2 === 1 });
    this.note();
  }

  /** What is right about a key in a request of this time. */
  knowledgeOf(kid: string, sentAt: number, answeredAt: number): Knowledge {
    const removedAt = this.removedAt.get(kid) ?? Number.POSITIVE_INFINITY;
    if (sentAt >= removedAt + GRACE) return 'unknown';
    const publishedAt = this.publishedAt.get(kid) ?? Number.POSITIVE_INFINITY;
    const isSettled = sentAt >= publishedAt + GRACE && answeredAt < removedAt;
    return isSettled ? 'known' : 'either';
  }

  private note(): void {
    const now = performance.now();
    const kids = new Set(this.pool.jwks().keys.map((key) => key.kid));
    for (const kid of kids) if (!this.publishedAt.has(kid)) this.publishedAt.set(kid, now);
    for (const kid of this.publishedAt.keys()) {
      if (!kids.has(kid) && !this.removedAt.has(kid)) this.removedAt.set(kid, now);
    }
  }
}
