import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { AttackKit } from './attack-kit.js';
import { bootAttackedApp } from './attacked-app.js';
import type { AttackedApp } from './attacked-app.js';
import { CapturedLog } from './captured-log.js';
import { exchange, get } from './raw-http.js';

let kit: AttackKit;
let app: AttackedApp;

/** The first user pool fetches its keys; the second has them fixed. */
function bothPools(): CognitoAuthOptions {
  const { keys, ...first } = kit.options('lazy');
  const { issuer: _aws, ...second } = kit.otherPool.options({ name: 'second', tokenUse: 'id' });
  return { keys, userPools: [{ ...first, name: 'first' } as never, second] };
}

beforeAll(async () => {
  kit = await AttackKit.create();
  const options = bothPools();
  app = await bootAttackedApp({ platform: 'express', log: new CapturedLog(), options });
});

afterAll(async () => {
  await app.close();
  await kit.close();
});

async function codeFor(token: string): Promise<string> {
  const [answer] = await exchange(app.port, get([`Authorization: Bearer ${token}`]).to('/any'));
  const { code } = JSON.parse(answer?.body ?? '') as { code?: string };
  return code ?? `status ${answer?.status}`;
}

describe('Two user pools', () => {
  it('both let their own tokens in', async () => {
    expect(await codeFor(kit.token())).toBe('status 200');
    expect(app.visits.at(-1)?.principal).toMatchObject({ userPool: 'first' });
    expect(await codeFor(kit.otherPool.idToken('alice'))).toBe('status 200');
    expect(app.visits.at(-1)?.principal).toMatchObject({ userPool: 'second' });
  });

  it('do not lend each other their keys', async () => {
    const inTheNameOfSecond = { iss: kit.otherPool.issuer, client_id: kit.otherPool.clientId };
    expect(await codeFor(kit.token(inTheNameOfSecond))).toBe('unknown_key');
    expect(await codeFor(kit.otherPool.sign(kit.claims()))).toBe('unknown_key');
  });

  it('do not verify a token with the key of the other under an id of their own', async () => {
    const header = { kid: kit.otherPool.jwks().keys[0]?.kid };
    expect(await codeFor(kit.token({ iss: kit.otherPool.issuer }, header))).toBe(
      'invalid_signature',
    );
    expect(await codeFor(kit.otherPool.sign(kit.claims(), { header: kit.header() }))).toBe(
      'invalid_signature',
    );
  });

  it('do not lend each other their kinds of token', async () => {
    expect(await codeFor(kit.idToken())).toBe('wrong_token_use');
    expect(await codeFor(kit.otherPool.accessToken('alice'))).toBe('wrong_token_use');
  });

  it('do not lend each other their app clients', async () => {
    const stranger = kit.otherPool.clients[2]?.clientId;
    expect(await codeFor(kit.otherPool.idToken('alice', { clientId: stranger }))).toBe(
      'status 200',
    );
    expect(await codeFor(kit.token({ client_id: stranger }))).toBe('wrong_client');
  });
});
