import { describe, expect, it } from 'vitest';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import type { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { document, hangUp } from './scripts.js';
import { ADMITTED, eventually, KEYS_UNAVAILABLE, refusal, Stage } from './stage.js';
import { createUserPool, HOUR, trusting } from './user-pool.js';

const original = await createUserPool();
const replica = await createUserPool();

/** A user pool with two issuers, each with a server and keys of its own. */
async function twoIssuers(stage: Stage) {
  const keysOfOriginal = await stage.keys(document(() => original.jwks()));
  const keysOfReplica = await stage.keys(document(() => replica.jwks()));
  const options: CognitoAuthOptions = {
    userPoolId: original.userPoolId,
    clientId: [original.clientId, replica.clientId],
    issuer: [keysOfOriginal.issuer, keysOfReplica.issuer],
    keys: { preload: 'lazy', timeout: 60_000, cooldown: HOUR },
  };
  return {
    options,
    keysOfOriginal,
    keysOfReplica,
    ofOriginal: tokenFrom(original, keysOfOriginal.issuer),
    ofReplica: tokenFrom(replica, keysOfReplica.issuer),
  };
}

function tokenFrom(signer: LocalUserPool, iss: string): string {
  return signer.accessToken('alice', { claims: { iss } });
}

describe.concurrent('A user pool with two issuers', () => {
  it('fetches the keys of each from its own address', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const { options, ...given } = await twoIssuers(stage);
    const api = await stage.api(options);

    expect(await api.get(given.ofOriginal)).toMatchObject(ADMITTED);
    expect(given.keysOfReplica.requests).toBe(0);
    expect(await api.get(given.ofReplica)).toMatchObject(ADMITTED);
    expect(given.keysOfOriginal.requests).toBe(1);
    expect(given.keysOfReplica.requests).toBe(1);
  });

  it('does not verify the tokens of one with the keys of the other', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const { options, keysOfOriginal, ...given } = await twoIssuers(stage);
    const api = await stage.api(options);
    expect(await api.get(given.ofOriginal)).toMatchObject(ADMITTED);
    expect(await api.get(given.ofReplica)).toMatchObject(ADMITTED);

    const crossed = tokenFrom(replica, keysOfOriginal.issuer);
    expect(await api.get(crossed)).toMatchObject(refusal('unknown_key'));
  });

  it('admits the tokens of one while the keys of the other cannot be had', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const { options, keysOfOriginal, ...given } = await twoIssuers(stage);
    const working = keysOfOriginal.script;
    keysOfOriginal.script = hangUp;
    const api = await stage.api({ ...options, keys: { ...options.keys, preload: 'required' } });

    expect(await api.get(given.ofOriginal)).toEqual(KEYS_UNAVAILABLE);
    expect(await api.get(given.ofReplica)).toMatchObject(ADMITTED);

    keysOfOriginal.script = working;
    await eventually(async () => {
      expect(await api.get(given.ofOriginal)).toMatchObject(ADMITTED);
    });
    expect(given.keysOfReplica.requests).toBe(1);
  });
});

describe.concurrent('A key set that several issuers share', () => {
  it('is fetched once for both forms of issuer and a replica', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(document(() => original.jwks()));
    const { userPoolId } = original;
    const api = await stage.api({
      ...trusting(original, keys),
      issuer: undefined,
      replicaRegions: ['us-west-2'],
    });

    const hosts = [
      'cognito-idp.eu-west-1',
      'issuer-cognito-idp.eu-west-1',
      'cognito-idp.us-west-2',
    ];
    const answers = hosts.map((host) =>
      api.get(tokenFrom(original, `https://${host}.amazonaws.com/${userPoolId}`)),
    );
    for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);

    const elsewhere = `https://cognito-idp.us-east-1.amazonaws.com/${userPoolId}`;
    const refused = await api.get(tokenFrom(original, elsewhere));
    expect(refused).toMatchObject(refusal('wrong_issuer'));
    expect(keys.requests).toBe(1);
  });
});

describe.concurrent('One of several user pools', () => {
  it('is not affected by an outage of another', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const { options, keysOfOriginal, keysOfReplica, ...given } = await twoIssuers(stage);
    keysOfReplica.script = hangUp;
    const api = await stage.api({
      keys: options.keys,
      userPools: [
        {
          name: 'customers',
          userPoolId: original.userPoolId,
          clientId: original.clientId,
          issuer: keysOfOriginal.issuer,
        },
        {
          name: 'staff',
          userPoolId: replica.userPoolId,
          clientId: replica.clientId,
          issuer: keysOfReplica.issuer,
        },
      ],
    });

    expect(await api.get(given.ofReplica)).toEqual(KEYS_UNAVAILABLE);
    expect(await api.get(given.ofOriginal)).toMatchObject(ADMITTED);
    await expect(api.service.ready()).rejects.toMatchObject({ code: 'keys_unavailable' });
  });
});
