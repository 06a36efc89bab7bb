import { describe, expect, it } from 'vitest';
import type { KeyOptions } from 'nestjs-cognito-auth';
import type { Script } from './jwks.server.js';
import * as scripts from './scripts.js';
import { ADMITTED, eventually, fetchesSince, KEYS_UNAVAILABLE, Stage } from './stage.js';
import { createUserPool, HOUR, trusting, withKid } from './user-pool.js';

const pool = await createUserPool();
const content = () => pool.jwks();
const keySet = scripts.document(content);

const { text, document, status } = scripts;
// Long enough for an endpoint that works on a machine that is busy.
const impatient: KeyOptions = { timeout: 500 };
const MEGABYTES = 2 ** 20;

type Fault = [name: string, script: Script, keys?: KeyOptions];

const FAULTS: Fault[] = [
  ['status 500', status(500, content)],
  ['status 503 with a body that never ends', (response) => void response.writeHead(503).write(' ')],
  ['status 404', status(404, content)],
  ['status 429', status(429, content)],
  ['status 201', status(201, content)],
  ['status 204', status(204, content)],
  ['status 206', status(206, content)],
  ['a page of HTML', text('<!doctype html><title>Sign in</title>', 'text/html')],
  ['an empty body', text('')],
  ['null', text('null')],
  ['a list', document(() => [])],
  ['a list of keys', document(() => content().keys)],
  ['a text', text('"keys"')],
  ['no keys', document(() => ({}))],
  ['an empty set', document(() => ({ keys: [] }))],
  ['keys that are null', document(() => ({ keys: null }))],
  ['keys that are no list', document(() => ({ keys: { 0: content().keys[0], length: 1 } }))],
  ['keys of which none is any', document(() => ({ keys: [null, 1, 'RSA', [], {}] }))],
  ['deeply nested lists', text('['.repeat(100_000) + ']'.repeat(100_000))],
  ['text after the document', text(`${JSON.stringify(content())}}`)],
  ['a truncated document', scripts.truncated(content)],
  ['a connection that is closed', scripts.hangUp],
  ['a connection that is reset in the middle', scripts.resetInTheMiddle(content)],
  ['silence', scripts.silence, impatient],
  ['a stall in the middle', scripts.stall(content), impatient],
  ['a drip that never ends', scripts.drip, impatient],
  ['10 MB', scripts.padded(content, 10 * MEGABYTES)],
  ['one byte more than is allowed', scripts.padded(content, 100_001), { maxBytes: 100_000 }],
  ['a body that never ends', scripts.endless],
  ['a compressed body that never ends', scripts.zipBomb],
];

describe.concurrent('A key endpoint that answers with', () => {
  describe.for(FAULTS)('%s', ([, fault, options]) => {
    it('costs a 503 and one fetch a second at most, until it is well', async ({
      onTestFinished,
    }) => {
      const stage = new Stage(onTestFinished);
      const keys = await stage.keys(fault);
      const api = await stage.api(trusting(pool, keys, options));
      const token = pool.accessToken('alice');

      const begin = performance.now();
      expect(await api.get(token)).toEqual(KEYS_UNAVAILABLE);
      expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
      await eventually(() => expect(keys.openAnswers).toBe(0));

      keys.script = keySet;
      await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));
      expect(keys.requests).toBeLessThanOrEqual(fetchesSince(begin));
    });

    it('does not replace keys that are cached', async ({ onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      const keys = await stage.keys(keySet);
      const refreshing = { ...options, maxAge: 1, staleFor: HOUR, cooldown: 0 };
      const api = await stage.api(trusting(pool, keys, refreshing));
      const token = pool.accessToken('alice');
      await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));

      keys.script = fault;
      // The search for an unknown key waits for the end of a fetch.
      await eventually(async () => {
        expect(await api.get(withKid(token, 'invented'))).toEqual(KEYS_UNAVAILABLE);
      });
      expect(await api.get(token)).toMatchObject(ADMITTED);
      expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    });
  });
});

describe.concurrent('A key endpoint that sends the client elsewhere', () => {
  it.for([301, 302, 303, 307, 308])(
    'is not followed with status %i',
    async (code, { onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      const target = await stage.keys(keySet);
      const keys = await stage.keys(scripts.redirect(code, target.uri));
      const api = await stage.api(trusting(pool, keys));

      expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
      expect(keys.requests).toBe(1);
      expect(target.requests).toBe(0);
    },
  );
});

describe.concurrent('A body of a key endpoint', () => {
  it('is read when it is as large as is allowed', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(scripts.padded(content, 100_000));
    const api = await stage.api(trusting(pool, keys, { maxBytes: 100_000 }));

    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
  });

  it('is read when it is compressed', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(scripts.compressed(content));
    const api = await stage.api(trusting(pool, keys));

    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
  });

  it('is left alone from the first byte that is too many', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(scripts.endless);
    const api = await stage.api(trusting(pool, keys));

    expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
    await eventually(() => expect(keys.openAnswers).toBe(0));
    await keys.close();
    // What is more than 512 KB lies in the buffers of two sockets.
    expect(keys.bytesSent).toBeLessThan(32 * MEGABYTES);
  });
});
