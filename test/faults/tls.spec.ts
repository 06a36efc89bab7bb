import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import type { KeyOptions } from 'nestjs-cognito-auth';
import { describe, expect, it } from 'vitest';
import { document } from './scripts.js';
import { ADMITTED, KEYS_UNAVAILABLE, Stage } from './stage.js';
import { identity } from './tls-identity.js';
import { createUserPool, trusting } from './user-pool.js';

const pool = await createUserPool();
const keySet = document(() => pool.jwks());

/** A fetcher with an agent of its own, as behind a proxy or with a private authority. */
function fetcherThrough(agent: Agent): NonNullable<KeyOptions['fetcher']> {
  return async (uri) => {
    const [response] = (await once(request(uri, { agent }).end(), 'response')) as [IncomingMessage];
    return (await json(response)) as ReturnType<typeof pool.jwks>;
  };
}

describe.concurrent('A key endpoint over HTTPS', () => {
  it('is not believed with a certificate that nobody trusts', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet, identity);
    const api = await stage.api(trusting(pool, keys));

    expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
    expect(keys.requests).toBe(0);
  });

  it('is believed by a fetcher whose agent trusts the certificate', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet, identity);
    const fetcher = fetcherThrough(new Agent({ ca: identity.cert }));
    const api = await stage.api(trusting(pool, keys, { fetcher }));

    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('is not believed under a name that is not in its certificate', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet, identity);
    const uri = keys.uri.replace('localhost', '127.0.0.1');
    const fetcher = fetcherThrough(new Agent({ ca: identity.cert }));
    const api = await stage.api(trusting(pool, { uri }, { fetcher }));

    expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
    expect(keys.requests).toBe(0);
  });

  it('is not asked without encryption when it speaks none', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const uri = keys.uri.replace('http:', 'https:');
    const api = await stage.api(trusting(pool, { uri }));

    expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
    expect(keys.requests).toBe(0);
  });

  it('is given up when the handshake hangs', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const mute = createServer((socket) =>
      stage.closeLater({ close: async () => socket.destroy() }),
    );
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    stage.closeLater({ close: async () => void mute.close() });
    const { port } = mute.address() as AddressInfo;
    const uri = `https://localhost:${port}/jwks.json`;
    const api = await stage.api(trusting(pool, { uri }, { timeout: 100 }));

    expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
  });
});
