import * as fc from 'fast-check';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { resolveOptions } from '../cognito-auth.resolved-options.js';
import { MemoryRevocationStore } from '../revocation/memory-revocation-store.js';
import { TokenVerifier } from '../strategy/token-verifier.js';
import { AccessControl } from './access-control.js';

const START = Date.UTC(2026, 10, 20, 12);
const USERS = ['alice', 'bob'];
const KEYS = ['access', 'id'] as const;
/** Seconds. */
const LIFETIMES = [400, 4_000];
/** Milliseconds that a key set serves: an older one is fetched before anything is verified with it. */
const MAX_AGE = 600_000;

type KeyName = (typeof KEYS)[number];

/** One token, and what a model needs to know about it. */
interface Subject {
  readonly token: string;
  readonly username: string;
  readonly key: KeyName;
  readonly jti: string;
  /** In milliseconds since 1970. */
  readonly expiry: number;
}

let pool: LocalUserPool;
let subjects: readonly Subject[];

beforeAll(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: START });
  pool = await LocalUserPool.create({ users: USERS.map((username) => ({ username })) });
  subjects = USERS.flatMap((username) =>
    KEYS.flatMap((key) => LIFETIMES.map((lifetime) => subjectOf(username, key, lifetime))),
  );
});

beforeEach(() => {
  vi.setSystemTime(START);
});

afterAll(() => {
  vi.useRealTimers();
});

function subjectOf(username: string, key: KeyName, lifetime: number): Subject {
  const [, payload = ''] = pool.accessToken(username, { expiresIn: lifetime }).split('.');
  const text = Buffer.from(payload, 'base64url').toString();
  const { jti } = JSON.parse(text) as { jti: string };
  const token = pool.sign(text, { use: key });
  return { token, username, key, jti, expiry: START + lifetime * 1_000 };
}

/** The same token with a signature that belongs to another one. */
function damaged({ token }: Subject, { token: other }: Subject): string {
  return token.slice(0, token.lastIndexOf('.')) + other.slice(other.lastIndexOf('.'));
}

/** What serves the requests, and beside it the truth about every token. */
class Model {
  private readonly published = new Set<KeyName>(KEYS);
  private readonly revoked = new Set<Subject>();
  private readonly store = new MemoryRevocationStore();
  private readonly access: AccessControl;

  constructor(readonly maxEntries: number) {
    const { jwks: _fixed, ...options } = pool.options();
    const verifier = new TokenVerifier(
      resolveOptions({
        ...options,
        tokenCache: { maxEntries, maxAge: 3_000_000 },
        keys: { maxAge: MAX_AGE, staleFor: MAX_AGE, fetcher: () => this.fetch() },
      }),
    );
    const none = undefined;
    this.access = new AccessControl(verifier, none as never, none, none, none, this.store);
  }

  private async fetch() {
    const { keys } = pool.jwks();
    const current = keys.filter((_key, index) => this.published.has(KEYS[index]!));
    // A key set without any key would never replace a good one.
    return { keys: [...current, { ...keys[0]!, kid: 'another' }] };
  }

  async verify(token: string): Promise<string> {
    try {
      const verified = await this.access.verifier.verify(token);
      if (verified instanceof CognitoAuthError) return verified.code;
      const { principal } = verified;
      const { jti } = await this.access.currentPrincipalOf(principal);
      return String(jti);
    } catch (error) {
      if (error instanceof CognitoAuthError) return error.code;
      throw error;
    }
  }

  /** What the answer to a token has to be. */
  answerTo(subject: Subject, isDamaged: boolean): string {
    if (!this.published.has(subject.key)) return 'unknown_key';
    if (isDamaged) return 'invalid_signature';
    if (Date.now() >= subject.expiry) return 'token_expired';
    return this.revoked.has(subject) ? 'token_revoked' : subject.jti;
  }

  /** What is remembered, as the ids of tokens. */
  get remembered(): string[] {
    const entries = [...(this.access.verifier['remembered']['entries']?.values() ?? [])];
    return entries.flatMap(({ verified }) => verified.principal.jti ?? []);
  }

  publish(key: KeyName, isPublished: boolean): void {
    if (isPublished) this.published.add(key);
    else this.published.delete(key);
    vi.advanceTimersByTime(MAX_AGE);
  }

  async revoke(subject: Subject): Promise<void> {
    this.revoked.add(subject);
    await this.store.revoke({ jti: subject.jti }, new Date(8e15));
  }
}

const index = () => fc.nat({ max: USERS.length * KEYS.length * LIFETIMES.length - 1 });

/** What may happen; tokens are sent several at once, whole or with the signature of another. */
const events = () =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        send: fc.array(fc.record({ whose: index(), withSignatureOf: fc.option(index()) }), {
          minLength: 1,
          maxLength: 8,
        }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ wait: fc.constantFrom(1, 399, 1_000) }) },
    {
      weight: 2,
      arbitrary: fc.record({ publish: fc.constantFrom(...KEYS), isPublished: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ revoke: index() }) },
  );

type Event = typeof events extends () => fc.Arbitrary<infer E> ? E : never;

async function play(model: Model, event: Event, accepted: Set<string>): Promise<void> {
  if ('wait' in event) vi.advanceTimersByTime(event.wait * 1_000);
  if ('publish' in event) model.publish(event.publish, event.isPublished);
  if ('revoke' in event) await model.revoke(subjects[event.revoke]!);
  if (!('send' in event)) return;
  const sent = event.send.map(({ whose, withSignatureOf }) => {
    const subject = subjects[whose]!;
    const isDamaged = withSignatureOf !== null && withSignatureOf !== whose;
    const token = isDamaged ? damaged(subject, subjects[withSignatureOf]!) : subject.token;
    return { token, answer: model.answerTo(subject, isDamaged), jti: subject.jti };
  });
  const answers = await Promise.all(sent.map(({ token }) => model.verify(token)));
  expect(answers).toEqual(sent.map(({ answer }) => answer));
  for (const { answer, jti } of sent) {
    // A revoked token is verified, and so remembered; it is asked after every time.
    if (answer === jti || answer === 'token_revoked') accepted.add(jti);
  }
}

function checkBounds({ maxEntries, remembered }: Model, accepted: ReadonlySet<string>): void {
  expect(remembered.length).toBeLessThanOrEqual(maxEntries);
  expect(remembered.filter((jti) => !accepted.has(jti))).toEqual([]);
}

describe('Remembered tokens', () => {
  it('give the answers of a verifier without a memory, whatever happens in between', async () => {
    let mostRemembered = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(events(), { minLength: 5, maxLength: 30 }),
        async (maxEntries, history) => {
          vi.setSystemTime(START);
          const model = new Model(maxEntries);
          const accepted = new Set<string>();
          for (const event of history) {
            // oxlint-disable-next-line no-await-in-loop -- one after the other
            await play(model, event, accepted);
            checkBounds(model, accepted);
            mostRemembered = Math.max(mostRemembered, model.remembered.length);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(mostRemembered).toBeGreaterThan(1);
  });
});
