import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { AttackKit } from './attack-kit.js';
import { bootAttackedApp } from './attacked-app.js';
import type { AttackedApp } from './attacked-app.js';
import { CapturedLog } from './captured-log.js';
import { encoded } from './forgery.js';
import { exchange, get, post } from './raw-http.js';
import { EDITS, tokenWithBothLetters } from './tables/encoding.js';
import { SIGNATURE_CHANGES, withSignature } from './tables/signatures.js';

let kit: AttackKit;
let app: AttackedApp;

beforeAll(async () => {
  kit = await AttackKit.create();
  const tokenFrom = [fromBody, fromAuthorization];
  app = await bootAttackedApp({
    platform: 'express',
    log: new CapturedLog(),
    options: { ...kit.options('required'), tokenFrom },
  });
});

afterEach(() => {
  vi.useRealTimers();
});

afterAll(async () => {
  await app.close();
  await kit.close();
});

function fromBody({ body }: { body?: { token?: string } }) {
  return body?.token;
}

function fromAuthorization({ headers }: { headers: Record<string, string | undefined> }) {
  return headers['authorization']?.slice('Bearer '.length);
}

async function statusOf(token: string, route = '/any'): Promise<number | undefined> {
  const [answer] = await exchange(app.port, post([], JSON.stringify({ token })).to(route));
  return answer?.status;
}

async function statusOnGet(token: string, route: string): Promise<number | undefined> {
  const [answer] = await exchange(app.port, get([`Authorization: Bearer ${token}`]).to(route));
  return answer?.status;
}

async function rememberedToken(): Promise<string> {
  const token = tokenWithBothLetters(kit);
  expect(await statusOf(token)).toBe(200);
  expect(await statusOf(token)).toBe(200);
  return token;
}

describe('A token that was verified before', () => {
  it.each(Object.entries(EDITS))('does not vouch for itself with %s', async (_, edit) => {
    const token = await rememberedToken();
    const edited = edit(token, kit);
    expect(edited).not.toBe(token);
    expect(await statusOf(edited)).toBe(401);
  });

  it.each(Object.entries(SIGNATURE_CHANGES))(
    'does not vouch for itself when its signature became %s',
    async (_, change) => {
      const token = await rememberedToken();
      expect(await statusOf(withSignature(token, (signature) => change(signature, kit)))).toBe(401);
    },
  );

  it('does not vouch for other claims under its signature', async () => {
    const [header, , signature] = (await rememberedToken()).split('.');
    const payload = encoded(kit.claims({ 'cognito:groups': ['admin'] }));
    expect(await statusOf(`${header}.${payload}.${signature}`)).toBe(401);
  });

  it('does not vouch for another header over its claims', async () => {
    const [, payload, signature] = (await rememberedToken()).split('.');
    const header = encoded(kit.header({ alg: 'none' }));
    expect(await statusOf(`${header}.${payload}.${signature}`)).toBe(401);
    expect(await statusOf(`${header}.${payload}.`)).toBe(401);
  });

  it('opens no other route than it did before', async () => {
    const token = await rememberedToken();
    expect(await statusOf(token, '/admin')).toBe(403);
    expect(await statusOnGet(token, '/orders')).toBe(403);
    expect(await statusOnGet(token, '/machines')).toBe(403);
    expect(await statusOnGet(token, '/profile')).toBe(401);
    expect(await statusOnGet(token, '/people')).toBe(200);
  });

  it('does not get an ID token in where it was remembered for its own route', async () => {
    const token = kit.idToken();
    expect(await statusOnGet(token, '/profile')).toBe(200);
    expect(await statusOnGet(token, '/any')).toBe(401);
    expect(await statusOnGet(token, '/optional')).toBe(401);
    expect(await statusOnGet(token, '/public')).toBe(200);
    expect(await statusOnGet(token, '/profile')).toBe(200);
  });

  it('expires all the same', async () => {
    const now = Math.ceil(Date.now() / 1000);
    vi.useFakeTimers({ toFake: ['Date'], now: now * 1000 });
    const token = kit.token({ exp: now + 60 });
    expect(await statusOf(token)).toBe(200);
    vi.setSystemTime((now + 59) * 1000);
    expect(await statusOf(token)).toBe(200);
    vi.setSystemTime((now + 60) * 1000);
    expect(await statusOf(token)).toBe(401);
    vi.setSystemTime((now + 59) * 1000);
    expect(await statusOf(token)).toBe(200);
  });

  it('does not stay bad for having been sent damaged, nor good for having been sent whole', async () => {
    const token = kit.token();
    const damaged = withSignature(token, (signature) => signature.fill(0));
    expect(await statusOf(damaged)).toBe(401);
    expect(await statusOf(token)).toBe(200);
    expect(await statusOf(damaged)).toBe(401);
    expect(await statusOf(token)).toBe(200);
  });
});
