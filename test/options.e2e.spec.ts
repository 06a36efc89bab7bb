import { CognitoAuthModule } from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from './support/app.js';
import { greetingOf, protectedBy } from './support/me.controller.js';
import { refusal } from './support/refusals.js';

const ALICE = greetingOf('alice');

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    userPoolId: 'eu-west-1_AbCdEf123',
    users: [{ username: 'alice' }],
    clients: [{ clientId: 'web' }, { clientId: 'app' }, { clientId: 'other' }],
  });
});

describe.each(ADAPTERS)('The options on %s', (adapter) => {
  /** What an application with these options answers to each token: a code, or `ok`. */
  async function outcomesOf(options: Partial<CognitoAuthOptions>, ...tokens: string[]) {
    const app = await startApp(
      adapter,
      protectedBy(CognitoAuthModule.forRoot({ ...pool.options(), ...options })),
    );
    const answers = await Promise.all(tokens.map((token) => send(app, '/me', token)));
    return answers.map((answer) => {
      expect(answer).toMatchObject(expectedOf(answer.code));
      return answer.code ?? 'ok';
    });
  }

  function expectedOf(code: unknown): object {
    return code === undefined ? ALICE : refusal(code as CognitoAuthErrorCode);
  }

  it('clientId: accepts one app client, several or all', async () => {
    const tokens = ['web', 'app', 'other'].flatMap((clientId) => [
      pool.accessToken('alice', { clientId }),
      pool.idToken('alice', { clientId }),
    ]);
    const tokenUse = ['access', 'id'] as const;
    const no = ['wrong_client', 'wrong_client'];
    const yes = ['ok', 'ok'];
    expect(await outcomesOf({ tokenUse, clientId: 'web' }, ...tokens)).toEqual([
      ...yes,
      ...no,
      ...no,
    ]);
    expect(await outcomesOf({ tokenUse, clientId: ['web', 'app'] }, ...tokens)).toEqual([
      ...yes,
      ...yes,
      ...no,
    ]);
    expect(await outcomesOf({ tokenUse, clientId: null }, ...tokens)).toEqual([
      ...yes,
      ...yes,
      ...yes,
    ]);
  });

  it('tokenUse: accepts access tokens by default, ID tokens or both', async () => {
    const tokens = [pool.accessToken('alice'), pool.idToken('alice')];
    expect(await outcomesOf({}, ...tokens)).toEqual(['ok', 'wrong_token_use']);
    expect(await outcomesOf({ tokenUse: 'id' }, ...tokens)).toEqual(['wrong_token_use', 'ok']);
    expect(await outcomesOf({ tokenUse: ['id', 'access'] }, ...tokens)).toEqual(['ok', 'ok']);
  });

  it('issuer: accepts both issuers of AWS by default, and those of replicas that are named', async () => {
    const from = (host: string) =>
      pool.accessToken('alice', {
        claims: { iss: `https://${host}.amazonaws.com/eu-west-1_AbCdEf123` },
      });
    const tokens = [
      from('cognito-idp.eu-west-1'),
      from('issuer-cognito-idp.eu-west-1'),
      from('cognito-idp.us-west-2'),
      from('cognito-idp.eu-west-2'),
      pool.accessToken('alice', {
        claims: { iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other' },
      }),
    ];
    const wrong = 'wrong_issuer';
    expect(await outcomesOf({ issuer: undefined }, ...tokens)).toEqual([
      'ok',
      'ok',
      wrong,
      wrong,
      wrong,
    ]);
    const replicaRegions = ['us-west-2'];
    expect(await outcomesOf({ issuer: undefined, replicaRegions }, ...tokens)).toEqual([
      'ok',
      'ok',
      'ok',
      wrong,
      wrong,
    ]);
  });

  it('issuer: is compared as an exact string', async () => {
    const tokens = [pool.issuer, `${pool.issuer}/`, pool.issuer.toUpperCase(), ''].map((iss) =>
      pool.accessToken('alice', { claims: { iss } }),
    );
    expect(await outcomesOf({}, ...tokens)).toEqual([
      'ok',
      'wrong_issuer',
      'wrong_issuer',
      'wrong_issuer',
    ]);
  });

  it('audience: binds access tokens to one of several resources', async () => {
    const tokens = [
      pool.accessToken('alice', { audience: 'https://a.example' }),
      pool.accessToken('alice', { audience: 'https://b.example' }),
      pool.accessToken('alice', { audience: 'https://c.example' }),
      pool.accessToken('alice'),
    ];
    const audience = ['https://a.example', 'https://b.example'];
    expect(await outcomesOf({ audience }, ...tokens)).toEqual([
      'ok',
      'ok',
      'wrong_audience',
      'wrong_audience',
    ]);
    expect(await outcomesOf({}, ...tokens)).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it('audience: is asked of machines only where they name a resource', async () => {
    const module = CognitoAuthModule.forRoot({ ...pool.options(), audience: 'https://a.example' });
    const app = await startApp(adapter, protectedBy(module));
    const to = (aud: string) => pool.clientToken({ claims: { aud } });
    for (const token of [pool.clientToken(), to('https://a.example')]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await send(app, '/me', token)).toMatchObject({ status: 200, body: {} });
    }
    expect(await send(app, '/me', to('https://b.example'))).toMatchObject(
      refusal('wrong_audience'),
    );
  });

  it('audience: may be that of an app client', async () => {
    const { clientId } = pool.options();
    const tokens = [
      pool.accessToken('alice'),
      pool.accessToken('alice', { audience: 'https://a.example' }),
      pool.accessToken('alice', { audience: 'https://b.example' }),
    ];
    const outcomesWith = (own: string | null) =>
      outcomesOf(
        {
          audience: 'https://a.example',
          clientId: [clientId].flat().map((id) => ({ clientId: id, audience: own })),
        },
        ...tokens,
      );
    expect(await outcomesWith(null)).toEqual(['ok', 'ok', 'wrong_audience']);
    expect(await outcomesWith('https://b.example')).toEqual([
      'wrong_audience',
      'wrong_audience',
      'ok',
    ]);
  });

  it('clockTolerance: grants some seconds after exp and before nbf', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const tokens = [
      pool.accessToken('alice', { expiresIn: -10 }),
      pool.accessToken('alice', { expiresIn: -70 }),
      pool.accessToken('alice', { claims: { nbf: now + 20 } }),
      pool.accessToken('alice', { claims: { nbf: now + 120 } }),
    ];
    expect(await outcomesOf({ clockTolerance: 60 }, ...tokens)).toEqual([
      'ok',
      'token_expired',
      'ok',
      'token_not_active',
    ]);
    expect(await outcomesOf({}, ...tokens)).toEqual([
      'token_expired',
      'token_expired',
      'token_not_active',
      'token_not_active',
    ]);
  });

  it('maxTokenLength: has longer tokens refused', async () => {
    const token = pool.accessToken('alice');
    expect(await outcomesOf({ maxTokenLength: token.length }, token)).toEqual(['ok']);
    expect(await outcomesOf({ maxTokenLength: token.length - 1 }, token)).toEqual([
      'malformed_token',
    ]);
  });

  it('jwks: is a snapshot that a rotation does not reach', async () => {
    const rotating = await LocalUserPool.create({ users: [{ username: 'alice' }] });
    const options = rotating.options();
    const before = rotating.accessToken('alice');
    await rotating.rotateKeys();
    const after = rotating.accessToken('alice');
    expect(await outcomesOf(options, before, after)).toEqual(['ok', 'unknown_key']);
  });
});
