import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomesOf } from './attack.js';
import { AttackKit } from './attack-kit.js';
import { bootAttackedApp } from './attacked-app.js';
import { CapturedLog } from './captured-log.js';
import { contentsOf, leaksIn, partsOf } from './leaks.js';
import { exchange, get } from './raw-http.js';
import { carriage, tokens } from './tables/index.js';
import { MARKER } from './names.js';

// Who guards the guards: that the instruments of the suite would notice.

const attacks = [...carriage, ...tokens.flat()];

describe('The suite of attacks', () => {
  it('has at least 200 attacks, each with an id of its own', () => {
    const ids = attacks.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(200);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('asks for every code that a token or the carriage of one can lead to', () => {
    const codes = new Set(attacks.flatMap(outcomesOf).map(({ code }) => code));
    expect([...codes].filter((code) => code !== undefined).toSorted()).toEqual([
      'insufficient_group',
      'insufficient_scope',
      'invalid_signature',
      'malformed_request',
      'malformed_token',
      'missing_token',
      'token_expired',
      'token_not_active',
      'unknown_key',
      'wrong_audience',
      'wrong_client',
      'wrong_issuer',
      'wrong_principal',
      'wrong_token_use',
    ]);
  });

  it('lets in more than a few', () => {
    const accepted = attacks.filter((attack) =>
      outcomesOf(attack).every(({ status }) => status === 200),
    );
    expect(accepted.length).toBeGreaterThan(50);
  });
});

describe('The instruments of the suite', () => {
  let kit: AttackKit;

  beforeAll(async () => {
    kit = await AttackKit.create();
  });

  afterAll(async () => {
    await kit.close();
  });

  it('see what the guard logs about a verified token', async () => {
    const log = new CapturedLog();
    const options = kit.options('required');
    const app = await bootAttackedApp({ platform: 'express', log, options });
    const request = get([`Authorization: Bearer ${kit.token({ jti: 'logged-id' })}`]);
    await exchange(app.port, request.to('/admin'));
    await app.close();
    expect(log.text).toMatch(/insufficient_group[^]*logged-id/);
  });

  it('see what any logger of Nest writes, at any level and in any form', async () => {
    const log = new CapturedLog();
    const app = await bootAttackedApp({ platform: 'express', log, options: kit.options('lazy') });
    const logger = new Logger('Careless');
    const cause = new Error(`the cause ${MARKER}`);
    for (const level of ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const) {
      log.clear();
      logger[level]({ token: [[[[{ text: new Error('outside', { cause }) }]]]] });
      expect(leaksIn(log.text, partsOf([]))).toEqual([MARKER]);
    }
    await app.close();
  });

  it('find every part of a token, and what stands in it', () => {
    const token = kit.token({ username: 'somebody-else' });
    const [header = '', payload = '', signature = ''] = token.split('.');
    expect(leaksIn(`x ${payload} y`, partsOf([token]))).toEqual([payload]);
    expect(leaksIn(`${signature}${header}`, partsOf([token]))).toEqual([header, signature]);
    expect(leaksIn('for somebody-else', contentsOf([token]))).toEqual(['somebody-else']);
  });

  it('count the requests to the key set and to the server of the attacker', async () => {
    const before = [kit.jwks.requests(), kit.canary.requests()];
    await Promise.all([fetch(kit.jwks.url), fetch(kit.canary.url), fetch(`${kit.canary.url}/x`)]);
    const after = [kit.jwks.requests(), kit.canary.requests()];
    expect(after.map((count, index) => count - (before[index] ?? 0))).toEqual([1, 2]);
  });

  it('tell a hang from an answer', async () => {
    const log = new CapturedLog();
    const app = await bootAttackedApp({ platform: 'express', log, options: kit.options('lazy') });
    const unfinished = 'GET /public HTTP/1.1\r\n';
    await expect(exchange(app.port, unfinished, { deadline: 50 })).rejects.toThrow(/within 50 ms/);
    await app.close();
  });
});
