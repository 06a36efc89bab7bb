import { Keyv } from 'keyv';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { principalOf } from '../token/principal.js';
import { KeyvRevocationStore } from './keyv-revocation-store.js';
import type { KeyvLike } from './keyv-revocation-store.js';

const ALICE = principalOf(
  {
    iss: 'https://issuer.example',
    token_use: 'access',
    exp: 2e9,
    iat: 1e9,
    jti: 'token',
    sub: 'alice',
  },
  { name: 'staff', userPoolId: 'eu-west-1_AbCdEf123' },
);
const YESTERDAY = new Date(Date.now() - 86_400_000);
const TOMORROW = new Date(Date.now() + 86_400_000);

/** A Keyv over this map, whose reads can be tampered with. */
function keyvOver(entries: Map<string, unknown>, read = (value: unknown) => value): KeyvLike {
  return {
    getMany: async (keys) => keys.map((key) => read(entries.get(key))),
    set: async (key, value) => entries.set(key, value),
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('KeyvRevocationStore', () => {
  it('shares what it knows with everybody on the same store', async () => {
    const entries = new Map();
    const [one, other] = [0, 1].map(() => new KeyvRevocationStore(new Keyv({ store: entries })));
    expect(await other?.isRevoked(ALICE)).toBe(false);
    await one?.revoke({ jti: 'token' }, TOMORROW);
    expect(await other?.isRevoked(ALICE)).toBe(true);
  });

  it('lets entries expire in the store', async () => {
    const ttls: (number | undefined)[] = [];
    const keyv = keyvOver(new Map());
    const set: KeyvLike['set'] = async (key, value, ttl) => {
      if (key.startsWith('jti:')) ttls.push(ttl);
      return keyv.set(key, value);
    };
    vi.useFakeTimers();
    await new KeyvRevocationStore({ ...keyv, set }).revoke(
      { jti: 'token' },
      new Date(Date.now() + 5_000),
    );
    expect(ttls).toEqual([5_000]);
  });

  it('fails when the store answers that there is nothing at all, as a lost connection looks', async () => {
    const store = new KeyvRevocationStore(keyvOver(new Map(), () => undefined));
    await expect(store.isRevoked(ALICE)).rejects.toThrow('does not keep what is written');
    await expect(store.revoke({ jti: 'token' }, TOMORROW)).rejects.toThrow('does not keep');
  });

  it('fails when the connection is lost after it worked', async () => {
    const entries = new Map<string, unknown>();
    let isConnected = true;
    const store = new KeyvRevocationStore(
      keyvOver(entries, (value) => (isConnected ? value : undefined)),
    );
    await store.revoke({ jti: 'token' }, TOMORROW);
    expect(await store.isRevoked(ALICE)).toBe(true);
    isConnected = false;
    await expect(store.isRevoked(ALICE)).rejects.toThrow('does not keep what is written');
    isConnected = true;
    expect(await store.isRevoked(ALICE)).toBe(true);
  });

  it.each([null, false, 'true', 1, {}])(
    'does not take %o for the proof of a connection',
    async (other) => {
      const store = new KeyvRevocationStore(keyvOver(new Map(), () => other));
      await expect(store.isRevoked(ALICE)).rejects.toThrow('does not keep what is written');
    },
  );

  it('takes null for no entry', async () => {
    const store = new KeyvRevocationStore(keyvOver(new Map(), (value) => value ?? null));
    expect(await store.isRevoked(ALICE)).toBe(false);
    await store.revoke({ sub: 'alice', issuedBefore: TOMORROW }, TOMORROW);
    expect(await store.isRevoked(ALICE)).toBe(true);
  });

  it('writes the proof again when the store lost only that', async () => {
    const entries = new Map<string, unknown>();
    const store = new KeyvRevocationStore(keyvOver(entries));
    await store.revoke({ jti: 'token' }, TOMORROW);
    entries.delete('cognito-auth:proof');
    expect(await store.isRevoked(ALICE)).toBe(true);
    expect(entries.get('cognito-auth:proof')).toBe(true);
  });

  it.each([true, 1, 'revoked', {}, { issuedBefore: '2026' }, { issuedBefore: 1 }, []])(
    'fails on an entry that it cannot read: %o',
    async (entry) => {
      const entries = new Map<string, unknown>([['sub:alice', entry]]);
      const store = new KeyvRevocationStore(keyvOver(entries));
      await expect(store.isRevoked(ALICE)).rejects.toThrow('did not write');
    },
  );

  it('fails when the store fails', async () => {
    const keyv = { ...keyvOver(new Map()), getMany: () => Promise.reject(new Error('refused')) };
    await expect(new KeyvRevocationStore(keyv).isRevoked(ALICE)).rejects.toThrow('refused');
  });

  it('fails when the store drops what is revoked', async () => {
    const keyv = keyvOver(new Map());
    const set: KeyvLike['set'] = async (key, value) =>
      key.startsWith('jti:') ? undefined : keyv.set(key, value);
    const store = new KeyvRevocationStore({ ...keyv, set });
    await expect(store.revoke({ jti: 'token' }, TOMORROW)).rejects.toThrow('did not keep');
  });

  it.each([
    ['one second', undefined, 1_000],
    ['as long as it is told', { timeout: 250 }, 250],
  ])('waits for an answer %s, and then fails', async (_, options, milliseconds) => {
    vi.useFakeTimers();
    const never = () => new Promise<never>(() => undefined);
    const store = new KeyvRevocationStore({ getMany: never, set: never }, options);
    const failures: string[] = [];
    const note = (error: Error) => failures.push(error.message);
    store.isRevoked(ALICE).catch(note);
    store.revoke({ jti: 'token' }, TOMORROW).catch(note);
    await vi.advanceTimersByTimeAsync(milliseconds - 1);
    expect(failures).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    const late = `the revocation store did not answer within ${milliseconds} ms`;
    expect(failures).toEqual([late, late]);
  });

  it('leaves no timer behind', async () => {
    vi.useFakeTimers();
    const store = new KeyvRevocationStore(keyvOver(new Map()));
    await store.revoke({ jti: 'token' }, TOMORROW);
    await store.isRevoked(ALICE);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps a later cut-off that another instance writes between its own steps', async () => {
    const entries = new Map<string, unknown>();
    const keyv = keyvOver(entries);
    const later = { issuedBefore: TOMORROW.getTime(), until: TOMORROW.getTime() };
    let isFirst = true;
    const set: KeyvLike['set'] = async (key, value) => {
      await keyv.set(key, value);
      // Right after the write of the earlier cut-off.
      if (key === 'sub:alice' && isFirst) entries.set(key, later);
      isFirst &&= key !== 'sub:alice';
    };
    const store = new KeyvRevocationStore({ ...keyv, set });
    await store.revoke({ sub: 'alice', issuedBefore: YESTERDAY }, TOMORROW);
    expect(entries.get('sub:alice')).toEqual(later);
  });

  it('writes its later cut-off again when another instance overwrites it', async () => {
    const entries = new Map<string, unknown>();
    const keyv = keyvOver(entries);
    const earlier = { issuedBefore: 0, until: TOMORROW.getTime() + 1 };
    let isFirst = true;
    const set: KeyvLike['set'] = async (key, value) => {
      await keyv.set(key, value);
      if (key === 'sub:alice' && isFirst) entries.set(key, earlier);
      isFirst &&= key !== 'sub:alice';
    };
    const store = new KeyvRevocationStore({ ...keyv, set });
    await store.revoke({ sub: 'alice', issuedBefore: YESTERDAY }, TOMORROW);
    expect(entries.get('sub:alice')).toEqual({
      issuedBefore: YESTERDAY.getTime(),
      until: TOMORROW.getTime() + 1,
    });
  });
});
