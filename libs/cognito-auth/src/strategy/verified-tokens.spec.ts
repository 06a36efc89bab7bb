import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
}

const keys = new Keys();

/** The memory of an application with these options, as it serves tokens. */
function tokensWith(options: CognitoAuthOptions = {}) {
  const memory = new VerifiedTokens(resolveOptions({ ...POOL, ...options }, {}));
  return {
    memory,
    get: (token: string) => memory.get(memory.digestOf(token)),
    add: (token: string, verified: VerifiedToken) => memory.add(memory.digestOf(token), verified),
  };
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
  return { principal, pool, key: KEY, keys, verifiedAt: performance.now(), ...overrides };
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
    tokens.add('a.b.c', verified);
    expect(tokens.get('a.b.c')).toBe(verified);
    expect(tokens.get('a.b.C')).toBeUndefined();
  });

  it('keeps no token', () => {
    const tokens = tokensWith();
    tokens.add('secret-token', verifiedToken());
    const dump = tokens.memory['entries']?.dump() ?? [];
    expect(dump).toHaveLength(1);
    expect(inspect(dump, { depth: 10, showHidden: true })).not.toContain('secret-token');
  });

  it('forgets a token from its exp on', () => {
    const tokens = tokensWith();
    tokens.add('a.b.c', verifiedToken());
    passSeconds(LIFETIME - 1);
    expect(tokens.get('a.b.c')).toBeDefined();
    passSeconds(1);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('grants the clock tolerance, and not a second more', () => {
    const tokens = tokensWith({ clockTolerance: 5 });
    tokens.add('a.b.c', verifiedToken());
    passSeconds(LIFETIME + 4);
    expect(tokens.get('a.b.c')).toBeDefined();
    passSeconds(1);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('keeps expired tokens only where they are accepted', () => {
    const tokens = tokensWith({ unsafe: { ignoreExpiration: true } });
    tokens.add('a.b.c', verifiedToken());
    passSeconds(LIFETIME * 10);
    expect(tokens.get('a.b.c')).toBeDefined();
  });

  it('forgets a token once its key has left the key set, for good', () => {
    const tokens = tokensWith();
    tokens.add('a.b.c', verifiedToken());
    keys.current.delete(KEY);
    expect(tokens.get('a.b.c')).toBeUndefined();
    keys.current.add(KEY);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('remembers tokens that no key verified, since nobody asked for one', () => {
    const tokens = tokensWith({ unsafe: { skipVerification: true } });
    tokens.add('a.b.c', verifiedToken({ key: undefined }));
    keys.current.delete(KEY);
    expect(tokens.get('a.b.c')).toBeDefined();
  });

  it('forgets a token after tokenCache.maxAge, whatever the wall clock says', () => {
    const tokens = tokensWith({ tokenCache: { maxAge: 60_000 } });
    tokens.add('a.b.c', verifiedToken());
    passSeconds(59);
    vi.setSystemTime((NOW - 600) * 1_000);
    expect(tokens.get('a.b.c')).toBeDefined();
    passSeconds(1);
    expect(tokens.get('a.b.c')).toBeUndefined();
  });

  it('holds tokenCache.maxEntries, and drops the one that was not used for longest', () => {
    const tokens = tokensWith({ tokenCache: { maxEntries: 2 } });
    tokens.add('a', verifiedToken());
    tokens.add('b', verifiedToken());
    tokens.get('a');
    tokens.add('c', verifiedToken());
    const remembered = ['a', 'b', 'c'].filter((token) => tokens.get(token));
    expect(remembered).toEqual(['a', 'c']);
  });

  it('remembers nothing when it is switched off', () => {
    const tokens = tokensWith({ tokenCache: false });
    tokens.add('a.b.c', verifiedToken());
    expect(tokens.get('a.b.c')).toBeUndefined();
  });
});
