import { Keyv } from 'keyv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { principalOf } from '../token/principal.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { KeyvRevocationStore } from './keyv-revocation-store.js';
import { MemoryRevocationStore } from './memory-revocation-store.js';
import { lastExpiryOf } from './revocation-store.js';
import type { RevocationStore, RevocationTarget } from './revocation-store.js';

const NOW = Date.parse('2026-05-04T12:00:00.500Z');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const STORES: [string, () => RevocationStore][] = [
  ['MemoryRevocationStore', () => new MemoryRevocationStore()],
  ['KeyvRevocationStore', () => new KeyvRevocationStore(new Keyv())],
];

/** The holder of a token of the session `laptop` of the user `alice`, issued a minute ago. */
function holderOf(claims: Record<string, unknown> = {}): CognitoPrincipal {
  const iat = seconds(NOW - MINUTE);
  const token = { jti: 'token', origin_jti: 'laptop', sub: 'alice', iat, exp: iat + 3_600 };
  return principalOf(
    { iss: 'https://issuer.example', token_use: 'access', ...token, ...claims },
    { name: 'staff', userPoolId: 'eu-west-1_AbCdEf123' },
  );
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

const inAnHour = () => new Date(Date.now() + 60 * MINUTE);

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each(STORES)('%s', (_, create) => {
  let store: RevocationStore;

  beforeEach(() => {
    store = create();
  });

  it('takes nothing for revoked at first', async () => {
    expect(await store.isRevoked(holderOf())).toBe(false);
  });

  it('revokes one token by its jti', async () => {
    await store.revoke({ jti: 'token' }, inAnHour());
    expect(await store.isRevoked(holderOf())).toBe(true);
    expect(await store.isRevoked(holderOf({ jti: 'another' }))).toBe(false);
    expect(await store.isRevoked(holderOf({ jti: 'Token' }))).toBe(false);
  });

  it('revokes all tokens of a session, also those that are issued later', async () => {
    await store.revoke({ originJti: 'laptop' }, inAnHour());
    expect(await store.isRevoked(holderOf())).toBe(true);
    expect(await store.isRevoked(holderOf({ jti: 'refreshed', iat: seconds(NOW) + 60 }))).toBe(
      true,
    );
    expect(await store.isRevoked(holderOf({ origin_jti: 'phone' }))).toBe(false);
  });

  it.each([
    ['before the cut-off', { iat: seconds(NOW) - 1 }, true],
    ['in the second of the cut-off, which may have been before it', { iat: seconds(NOW) }, true],
    ['after the cut-off', { iat: seconds(NOW) + 1 }, false],
    ['nobody knows when', { iat: undefined }, true],
    ['to somebody else', { sub: 'bob' }, false],
    ['to nobody', { sub: undefined }, false],
    ['after a sign-in before the cut-off', { iat: seconds(NOW) + 1, auth_time: 0 }, false],
  ])('revokes by a cut-off what was issued %s: %o, %s', async (_when, claims, isRevoked) => {
    await store.revoke({ sub: 'alice', issuedBefore: new Date(NOW) }, inAnHour());
    expect(await store.isRevoked(holderOf(claims))).toBe(isRevoked);
  });

  it('does not revoke what was issued in a whole second that is the cut-off', async () => {
    const cutOff = new Date(seconds(NOW) * 1000);
    await store.revoke({ sub: 'alice', issuedBefore: cutOff }, inAnHour());
    expect(await store.isRevoked(holderOf({ iat: seconds(NOW) }))).toBe(false);
  });

  it('lets the later of two cut-offs win, in whichever order they come', async () => {
    const earlier = new Date(NOW - 5 * MINUTE);
    const later = new Date(NOW);
    for (const [sub, cutOffs] of [
      ['alice', [earlier, later]],
      ['bob', [later, earlier]],
      ['carol', [later, later]],
    ] as const) {
      for (const issuedBefore of cutOffs) await store.revoke({ sub, issuedBefore }, inAnHour());
      expect(await store.isRevoked(holderOf({ sub }))).toBe(true);
    }
  });

  it('lets the later cut-off win when both come at the same time', async () => {
    const cutOffs = [NOW - 5 * MINUTE, NOW, NOW - 2 * MINUTE].map((moment) => new Date(moment));
    await Promise.all(
      cutOffs.map((issuedBefore) => store.revoke({ sub: 'alice', issuedBefore }, inAnHour())),
    );
    expect(await store.isRevoked(holderOf())).toBe(true);
  });

  it.each<[string, RevocationTarget]>([
    ['a token', { jti: 'token' }],
    ['a session', { originJti: 'laptop' }],
    ['a cut-off', { sub: 'alice', issuedBefore: new Date(NOW) }],
  ])('remembers %s until its end, and not longer', async (_what, target) => {
    await store.revoke(target, new Date(NOW + 30 * DAY));
    vi.setSystemTime(NOW + 30 * DAY - 1);
    expect(await store.isRevoked(holderOf())).toBe(true);
    vi.setSystemTime(NOW + 30 * DAY + 1);
    expect(await store.isRevoked(holderOf())).toBe(false);
  });

  it('lets the later of two ends win, in whichever order they come', async () => {
    const ends = [new Date(NOW + MINUTE), new Date(NOW + 10 * MINUTE)];
    for (const until of ends) await store.revoke({ jti: 'token' }, until);
    for (const until of ends.toReversed()) await store.revoke({ jti: 'another' }, until);
    vi.setSystemTime(NOW + 9 * MINUTE);
    expect(await store.isRevoked(holderOf())).toBe(true);
    expect(await store.isRevoked(holderOf({ jti: 'another' }))).toBe(true);
  });

  it('can revoke again after the end', async () => {
    await store.revoke({ jti: 'token' }, new Date(NOW + MINUTE));
    vi.setSystemTime(NOW + 2 * MINUTE);
    await store.revoke({ jti: 'token' }, new Date(NOW + 3 * MINUTE));
    expect(await store.isRevoked(holderOf())).toBe(true);
  });

  it('does nothing when the end is over', async () => {
    await store.revoke({ jti: 'token' }, new Date(NOW - 1));
    await store.revoke({ jti: 'token' }, new Date(NOW));
    expect(await store.isRevoked(holderOf())).toBe(false);
  });

  it('does not mix up tokens, sessions and users of the same id', async () => {
    await store.revoke({ jti: 'same' }, inAnHour());
    expect(await store.isRevoked(holderOf({ origin_jti: 'same', sub: 'same' }))).toBe(false);
    expect(await store.isRevoked(holderOf({ jti: 'same' }))).toBe(true);
  });

  it.each(['__proto__', 'constructor', 'a:b', 'a b', 'ä', 'x'.repeat(500)])(
    'takes "%s" for an id like any other',
    async (jti) => {
      expect(await store.isRevoked(holderOf({ jti }))).toBe(false);
      await store.revoke({ jti }, inAnHour());
      expect(await store.isRevoked(holderOf({ jti }))).toBe(true);
      expect(await store.isRevoked(holderOf())).toBe(false);
    },
  );

  it('takes a token without ids for valid', async () => {
    await store.revoke({ jti: 'token' }, inAnHour());
    const without = { jti: undefined, origin_jti: undefined, sub: undefined };
    expect(await store.isRevoked(holderOf(without))).toBe(false);
  });

  const until = new Date(NOW + MINUTE);

  it.each<[string, unknown, unknown, RegExp]>([
    ['an empty jti', { jti: '' }, until, /non-empty text as "jti"/],
    ['no jti', { jti: undefined }, until, /non-empty text as "jti"/],
    ['an originJti that is no text', { originJti: 7 }, until, /non-empty text as "originJti"/],
    ['an empty sub', { sub: '', issuedBefore: until }, until, /non-empty text as "sub"/],
    ['a sub without a cut-off', { sub: 'alice' }, until, /valid Date as "issuedBefore"/],
    ['a cut-off that is no date', { sub: 'a', issuedBefore: NOW }, until, /"issuedBefore"/],
    ['an invalid cut-off', { sub: 'a', issuedBefore: new Date('?') }, until, /"issuedBefore"/],
    ['nothing', {}, until, /valid Date as "issuedBefore"/],
    ['an invalid end', { jti: 'a' }, new Date('?'), /valid Date as its end/],
    ['no end', { jti: 'a' }, undefined, /valid Date as its end/],
  ])('refuses to revoke %s', async (_what, target, end, message) => {
    const revoking = store.revoke(target as RevocationTarget, end as Date);
    await expect(revoking).rejects.toThrow(TypeError);
    await expect(revoking).rejects.toThrow(message);
  });
});

describe('lastExpiryOf()', () => {
  it.each<[string, RevocationTarget, number]>([
    ['a token', { jti: 'token' }, NOW],
    ['a session', { originJti: 'laptop' }, NOW],
    ['a cut-off', { sub: 'alice', issuedBefore: new Date(NOW - DAY) }, NOW],
    ['a cut-off to come', { sub: 'alice', issuedBefore: new Date(NOW + DAY) }, NOW + DAY],
  ])('is a day and two minutes after the last issue of a token, for %s', (_, target, lastIssue) => {
    expect(lastExpiryOf(target)).toEqual(new Date(lastIssue + DAY + 2 * MINUTE));
  });
});
