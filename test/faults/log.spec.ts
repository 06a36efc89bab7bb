import { setTimeout } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import type { LoggerService } from '@nestjs/common';
import type { KeyOptions } from 'nestjs-cognito-auth';
import { describe, expect, it } from 'vitest';
import { Api } from './api.js';
import type { Script } from './jwks.server.js';
import * as scripts from './scripts.js';
import { ADMITTED, eventually, KEYS_UNAVAILABLE, Stage } from './stage.js';
import { createUserPool, HOUR, trusting, withKid } from './user-pool.js';

const pool = await createUserPool();
const content = () => pool.jwks();
const keySet = scripts.document(content);

/** Keeps what is logged. Nest has one logger, so these cases run one after the other. */
class Log implements LoggerService {
  readonly lines: string[] = [];

  readonly log = this.keep('log');
  readonly warn = this.keep('warn');
  readonly error = this.keep('error');
  readonly fatal = this.keep('fatal');
  readonly debug = this.keep('debug');
  readonly verbose = this.keep('verbose');

  /** What the key source says. */
  get aboutKeys(): string[] {
    return this.lines.filter((line) => line.includes('signing keys'));
  }

  private keep(level: string) {
    return (...parts: unknown[]) => {
      this.lines.push([level, ...parts.map(textOf)].join(' '));
    };
  }
}

function textOf(part: unknown): string {
  return part instanceof Error ? `${part.stack}` : (JSON.stringify(part) ?? String(part));
}

describe('The log during an outage', () => {
  it('has one warning for each fetch, and says when it is over', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const log = new Log();
    const keys = await stage.keys(scripts.hangUp);
    const api = await stage.api(trusting(pool, keys), log);
    const token = pool.accessToken('alice');

    const answers = await Promise.all(Array.from({ length: 20 }, () => api.get(token)));
    for (const answer of answers) expect(answer).toEqual(KEYS_UNAVAILABLE);
    expect(log.aboutKeys).toHaveLength(keys.requests);
    for (const line of log.aboutKeys) {
      expect(line).toMatch(/^warn .*Cannot fetch/);
      expect(line).toContain(keys.uri);
      expect(line).toContain('tokens are answered with 503');
    }

    keys.script = keySet;
    await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));
    expect(log.aboutKeys.at(-1)).toMatch(/^log .*again/);
    expect(log.aboutKeys).toHaveLength(keys.requests);
  });

  it('says that the keys at hand serve on', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const log = new Log();
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { cooldown: 0, staleFor: HOUR }), log);
    const token = pool.accessToken('alice');
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(log.aboutKeys).toEqual([]);

    keys.script = scripts.status(500, content);
    expect(await api.get(withKid(token, 'invented'))).toEqual(KEYS_UNAVAILABLE);
    expect(log.aboutKeys[0]).toMatch(
      /^warn .*expected status 200, got 500; the keys of .* serve on/,
    );
  });

  const CAUSES: [string, Script, RegExp][] = [
    ['a status', scripts.status(404, content), /expected status 200, got 404/],
    ['a page', scripts.text('<html>secret</html>'), /the answer is not JSON/],
    ['no key set', scripts.text('["secret"]'), /the answer is not a JSON Web Key Set/],
    ['no key', scripts.text('{"keys":[{"kid":"secret"}]}'), /no RSA key|not contain any/i],
    [
      'keys of which none is fit',
      scripts.document(() => ({
        keys: content().keys.map((key) => Object.assign(key, { alg: 'RS512', kid: 'secret' })),
      })),
      /no RSA key that is fit for RS256 \(keys: 2 of another \S+alg\S+ than \S+RS256/,
    ],
    ['a body', scripts.endless, /the answer is larger than 524288 bytes/],
    ['silence', scripts.silence, /timeout|no answer within 100 ms/],
  ];

  it.for(CAUSES)('names the cause: %s', async ([, fault, reason], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const log = new Log();
    const keys = await stage.keys(fault);
    const timeout = fault === scripts.silence ? 100 : 60_000;
    const api = await stage.api(trusting(pool, keys, { timeout }), log);

    expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
    expect(log.aboutKeys[0]).toMatch(reason);
    expect(log.aboutKeys[0]).not.toContain('secret');
  });

  const REASONS: [string, () => unknown, RegExp][] = [
    ['an error', () => Promise.reject(new Error('no proxy')), /: no proxy;/],
    [
      'an error with a cause',
      () => Promise.reject(new Error('a', { cause: new Error('b') })),
      /: a \(b\);/,
    ],
    [
      'an error without a message',
      () => Promise.reject(new AggregateError([])),
      /: AggregateError;/,
    ],
    [
      'a frozen error',
      () => Promise.reject(Object.freeze(new Error('no'))),
      /: the fetcher failed \(no\);/,
    ],
    ['null', () => Promise.reject(null), /: the fetcher failed;/],
    [
      'an error of another realm',
      () => Promise.reject(runInNewContext('new TypeError("a", { cause: new Error("b") })')),
      /: a \(b\);/,
    ],
    [
      'an error of a signal',
      () => Promise.reject(new DOMException('too slow', 'TimeoutError')),
      /: too slow;/,
    ],
    [
      'a proxy that is revoked',
      () => {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        throw proxy;
      },
      /: the fetcher failed;/,
    ],
  ];

  it.for(REASONS)(
    'names what the fetcher failed with: %s',
    async ([, fault, reason], { onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      const log = new Log();
      const fetcher = fault as NonNullable<KeyOptions['fetcher']>;
      const source = { uri: 'https://keys.example/jwks.json' };
      const api = await stage.api(trusting(pool, source, { fetcher }), log);

      expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
      expect(log.aboutKeys[0]).toMatch(reason);
    },
  );

  it('has nothing once the application is closed', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const log = new Log();
    const keys = await stage.keys(scripts.silence);
    const options = trusting(pool, keys, { preload: 'background', timeout: 100 });
    const api = await Api.start(options, log);
    await eventually(() => expect(keys.openAnswers).toBe(1));

    await api.close();
    await eventually(() => expect(keys.openAnswers).toBe(0));
    // Longer than the fetch, and the first pause after it.
    await setTimeout(1_500);
    expect(log.aboutKeys).toEqual([]);
    expect(keys.requests).toBe(1);
  });

  it('contains no part of a token', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const log = new Log();
    const keys = await stage.keys(scripts.hangUp);
    const api = await stage.api(trusting(pool, keys, { cooldown: 0 }), log);
    const token = pool.accessToken('alice', { claims: { jti: 'jti-of-the-token' } });
    const tokens = [
      token,
      withKid(token, 'kid-of-the-token'),
      pool.forgedToken(),
      `${token}x`,
      'a.b',
    ];

    for (const each of tokens) expect((await api.get(each)).status).toBeGreaterThanOrEqual(401);
    keys.script = keySet;
    await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));
    for (const each of tokens) await api.get(each);

    const text = log.lines.join('\n');
    expect(log.aboutKeys).not.toEqual([]);
    for (const part of tokens
      .flatMap((each) => each.split('.'))
      .filter((each) => each.length > 9)) {
      expect(text).not.toContain(part);
      expect(text).not.toContain(Buffer.from(part, 'base64url').toString('utf8'));
    }
    for (const part of ['jti-of-the-token', 'kid-of-the-token', 'alice']) {
      expect(text).not.toContain(part);
    }
  });
});
