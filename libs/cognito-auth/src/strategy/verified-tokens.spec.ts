import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { monotonicNow } from '../clock.js';
import { resolveOptions } from '../cognito-auth.resolved-options.js';
import type { CognitoAuthOptions } from '../cognito-auth.options.js';
import type { KeySource } from '../keys/key-source.js';
import type { SigningKey } from '../keys/signing-key.js';
import { principalOf } from '../token/principal.js';
import { VerifiedTokens } from './verified-tokens.js';
import type { VerifiedToken } from './verified-tokens.js';

const NOW = 1_700_000_000;
const LIFETIME = 3_600;
const POOL = { userPoolId: 'eu-west-1_AbCdEf123', clientId: 'web' };
const KEY: SigningKey = {
  kid: 'k1',
  publicKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey,
  length: 256,
};

/** The keys of an issuer, of which each can be taken away. */
class Keys implements KeySource {
  readonly current = new Set([KEY]);

  find(): SigningKey {
    return KEY;
  }

  isCurrent(key: SigningKey): boolean {
    return this.current.has(key);
  }

  async load(): Promise<void> {}

  close(): void {}
}

const keys = new Keys();

/** The memory of an application with these options. */
function tokensWith(options: CognitoAuthOptions = {}): VerifiedTokens {
  return new VerifiedTokens(resolveOptions({ ...POOL, ...options }, {}));
}

/** Verifies a token twice, as a memory that keeps it sees it. */
function remember(tokens: VerifiedTokens, token: string, verified = verifiedToken()): void {
  tokens.add(token, verified);
  tokens.add(token, verified);
}

function verifiedToken(overrides: Partial<VerifiedToken> = {}): VerifiedToken {
  const [pool] = resolveOptions(POOL, {}).userPools;
  if (!pool) throw new Error('there is no user pool');
  const claims = {
    iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123',
    token_use: 'access',
    client_id: 'web',
    exp: NOW + LIFETIME,
  } as const;
  const principal = principalOf(claims, pool);
  return { principal, pool, key: KEY, keys, verifiedAt: monotonicNow(), ...overrides };
}

function passSeconds(seconds: number): void {
  vi.advanceTimersByTime(seconds * 1_000);
}

beforeEach(() => {
  vi.useFakeTimers({ now: NOW * 1_000 });
  keys.current.add(KEY);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('VerifiedTokens', () => {
  it('remembers what a token proves, under that token only', () => {
    const tokens = tokensWith();
    const verified = verifiedToken();
    expect(tokens.get('a.b.c')).toBeUndefined();
    remember(tokens, 'a.b.c', verified);
    expect(tokens.get('a.b.c')).toBe(verified);
    expect(tokens.get('a.b.C')).toBeUndefined();
  });

  it('keeps what a token proves only once it comes back', () => {
    const tokens = tokensWith();
    tokens.add('a.b.c', verifiedToken());
    expect(tokens.get('a.b.c')).toBeUndefined();
    tokens.add('a.b.c', verifiedToken());
    expect(tokens.get('a.b.c')).toBeDefined();
  });

  it('takes no token for another one that ends in the same way', () => {
    const tokens = tokensWith();
    const signature = 'the-end-of-a-signature';
    remember(tokens, `alice.${signature}`);
    expect(tokens.get(`alice.${signature}`)).toBeDefined();
    expect(tokens.get(`mallory.${signature}`)).toBeUndefined();
    remember(tokens, `bob.${signature}`);
    expect(tokens.get(`alice.${signature}`)).toBeUndefined();
    expect(tokens.get(`bob.${signature}`)).toBeDefined();
  });

  it('keeps no token', () => {
    const tokens = tokensWith();
    remember(tokens, 'secret-token');
    const dump = tokens['entries']?.dump() ?? [];
    expect(dump).toHaveLength(1);
    expect(inspect(dump, { depth: 10, showHidden: true })).not.toContain('secret-token');
  });

  it('forgets a token from its exp on', () => {
    const tokens = tokensWith();
    remember(tokens, 'a.b.c');
    passSeconds(LIFETIME - 1);
    expect(tokens.get('a.b.c')).toBeDefined();
    passSeconds(1);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('grants the clock tolerance, and not a second more', () => {
    const tokens = tokensWith({ clockTolerance: 5 });
    remember(tokens, 'a.b.c');
    passSeconds(LIFETIME + 4);
    expect(tokens.get('a.b.c')).toBeDefined();
    passSeconds(1);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('keeps expired tokens only where they are accepted', () => {
    const tokens = tokensWith({ unsafe: { ignoreExpiration: true } });
    remember(tokens, 'a.b.c');
    passSeconds(LIFETIME * 10);
    expect(tokens.get('a.b.c')).toBeDefined();
  });

  it('forgets a token once its key has left the key set, for good', () => {
    const tokens = tokensWith();
    remember(tokens, 'a.b.c');
    keys.current.delete(KEY);
    expect(tokens.get('a.b.c')).toBeUndefined();
    keys.current.add(KEY);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('remembers tokens that no key verified, since nobody asked for one', () => {
    const tokens = tokensWith({ unsafe: { skipVerification: true } });
    remember(tokens, 'a.b.c', verifiedToken({ key: undefined }));
    keys.current.delete(KEY);
    expect(tokens.get('a.b.c')).toBeDefined();
  });

  it('forgets a token after tokenCache.maxAge, whatever the wall clock says', () => {
    const tokens = tokensWith({ tokenCache: { maxAge: 60_000 } });
    remember(tokens, 'a.b.c');
    passSeconds(59);
    vi.setSystemTime((NOW - 600) * 1_000);
    expect(tokens.get('a.b.c')).toBeDefined();
    passSeconds(1);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('holds tokenCache.maxEntries, and drops the one that was not used for longest', () => {
    const tokens = tokensWith({ tokenCache: { maxEntries: 2 } });
    remember(tokens, 'a');
    remember(tokens, 'b');
    tokens.get('a');
    remember(tokens, 'c');
    const remembered = ['a', 'b', 'c'].filter((token) => tokens.get(token));
    expect(remembered).toEqual(['a', 'c']);
  });

  it('gives up no token for those that come only once', () => {
    const tokens = tokensWith({ tokenCache: { maxEntries: 2 } });
    remember(tokens, 'a.b.c');
    for (const token of ['d', 'e', 'f']) tokens.add(token, verifiedToken());
    expect(tokens.get('a.b.c')).toBeDefined();
  });

  it('remembers a token that had to make room as soon as it comes back', () => {
    const tokens = tokensWith({ tokenCache: { maxEntries: 1 } });
    remember(tokens, 'a');
    remember(tokens, 'b');
    expect(tokens.get('a')).toBeUndefined();
    tokens.add('a', verifiedToken());
    expect(tokens.get('a')).toBeDefined();
  });

  it('remembers a token again at once after tokenCache.maxAge', () => {
    const tokens = tokensWith({ tokenCache: { maxAge: 60_000 } });
    remember(tokens, 'a.b.c');
    passSeconds(60);
    expect(tokens.get('a.b.c')).toBeUndefined();
    tokens.add('a.b.c', verifiedToken());
    expect(tokens.get('a.b.c')).toBeDefined();
  });

  it('forgets that a token was sent once when too many others were sent since', () => {
    const tokens = tokensWith({ tokenCache: { maxEntries: 2 } });
    for (const token of ['a', 'b', 'c', 'a']) tokens.add(token, verifiedToken());
    expect(tokens.get('a')).toBeUndefined();
    tokens.add('a', verifiedToken());
    expect(tokens.get('a')).toBeDefined();
  });

  it('remembers nothing when it is switched off', () => {
    const tokens = tokensWith({ tokenCache: false });
    remember(tokens, 'a.b.c');
    expect(tokens.get('a.b.c')).toBeUndefined();
  });
});
