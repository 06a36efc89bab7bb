import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CognitoAuthOptionsError } from './cognito-auth.errors.js';
import { resolveOptions } from './cognito-auth.resolved-options.js';

const ENVIRONMENT = {
  COGNITO_USER_POOL_ID: 'eu-west-1_AbCdEf123',
  COGNITO_CLIENT_ID: '1h57kf5cpq17m0eml12EXAMPLE',
};

/** What is wrong with the environment above once these variables are added. */
function problemsWith(variables: object, options: object = {}): readonly string[] {
  try {
    resolveOptions(options, { ...ENVIRONMENT, ...variables });
    return [];
  } catch (error) {
    if (error instanceof CognitoAuthOptionsError) return error.problems;
    throw error;
  }
}

describe('The environment', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('is enough', () => {
    const variables = {
      COGNITO_USER_POOL_ID: 'local_1',
      COGNITO_CLIENT_ID: 'web',
      COGNITO_TOKEN_USE: 'id',
      COGNITO_ISSUER: 'http://localhost:9229/local_1',
      COGNITO_JWKS_URI: 'http://cognito:9229/local_1/keys',
      COGNITO_AUDIENCE: 'https://api.example.com',
      COGNITO_CLOCK_TOLERANCE: '2.5',
    };
    const { userPools, clockTolerance } = resolveOptions(undefined, variables);
    expect(clockTolerance).toBe(2.5);
    expect(userPools).toMatchObject([
      {
        name: 'local_1',
        clientIds: new Set(['web']),
        tokenUse: ['id'],
        audiences: new Set(['https://api.example.com']),
        issuers: new Map([['http://localhost:9229/local_1', 'http://cognito:9229/local_1/keys']]),
      },
    ]);
  });

  it('may name the Region, which agrees with the user pool', () => {
    expect(problemsWith({ COGNITO_REGION: 'eu-west-1' })).toEqual([]);
    expect(problemsWith({ COGNITO_REGION: '' })).toEqual([]);
    expect(problemsWith({ COGNITO_REGION: 'us-east-1' }, { region: 'eu-west-1' })).toEqual([]);
    expect(problemsWith({ COGNITO_REGION: 'us-east-1' })).toEqual([
      '"COGNITO_REGION" is "us-east-1", but "eu-west-1_AbCdEf123" ("COGNITO_USER_POOL_ID") is a user pool in "eu-west-1"; one of them is wrong (replicas stand in "replicaRegions").',
    ]);
    expect(problemsWith({ AWS_REGION: 'us-east-1' })).toEqual([]);
  });

  it('is that of the process', () => {
    for (const [name, value] of Object.entries(ENVIRONMENT)) vi.stubEnv(name, value);
    expect(resolveOptions({}).userPools[0]?.userPoolId).toBe('eu-west-1_AbCdEf123');
  });

  it('takes lists with commas, with or without spaces', () => {
    const { userPools } = resolveOptions(undefined, {
      ...ENVIRONMENT,
      COGNITO_CLIENT_ID: 'web, batch ,app',
      COGNITO_TOKEN_USE: 'access,id',
      COGNITO_AUDIENCE: 'https://a.example, https://b.example',
    });
    expect(userPools).toMatchObject([
      {
        clientIds: new Set(['web', 'batch', 'app']),
        tokenUse: ['access', 'id'],
        audiences: new Set(['https://a.example', 'https://b.example']),
      },
    ]);
  });

  it('has spaces around a value left out', () => {
    const variables = {
      COGNITO_USER_POOL_ID: ' eu-west-1_AbCdEf123\n',
      COGNITO_CLOCK_TOLERANCE: ' 5 ',
    };
    const resolved = resolveOptions({}, { ...ENVIRONMENT, ...variables });
    expect(resolved.clockTolerance).toBe(5);
    expect(resolved.userPools[0]?.userPoolId).toBe('eu-west-1_AbCdEf123');
  });

  it('gives way to options, one by one', () => {
    const variables = {
      ...ENVIRONMENT,
      COGNITO_TOKEN_USE: 'nonsense',
      COGNITO_CLOCK_TOLERANCE: 'nonsense',
      COGNITO_AUDIENCE: 'https://b.example',
    };
    const given = {
      clientId: null,
      tokenUse: 'id' as const,
      clockTolerance: 0,
      audience: 'https://a.example',
    };
    const { userPools, clockTolerance } = resolveOptions(given, variables);
    expect(clockTolerance).toBe(0);
    expect(userPools).toMatchObject([
      {
        userPoolId: 'eu-west-1_AbCdEf123',
        clientIds: null,
        tokenUse: ['id'],
        audiences: new Set(['https://a.example']),
      },
    ]);
  });

  it('has no say in a list of user pools', () => {
    const userPools = [{ userPoolId: 'us-east-1_Other', clientId: 'other' }];
    const variables = { ...ENVIRONMENT, COGNITO_ISSUER: 'nonsense', COGNITO_AUDIENCE: '' };
    expect(resolveOptions({ userPools }, variables).userPools).toMatchObject([
      { userPoolId: 'us-east-1_Other', clientIds: new Set(['other']), audiences: undefined },
    ]);
  });

  it('has its address of a key set ignored when the key set itself is given', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] };
    const variables = { ...ENVIRONMENT, COGNITO_JWKS_URI: 'https://a.example/keys' };
    expect(resolveOptions({ jwks }, variables).userPools[0]?.jwks?.size).toBe(1);
  });

  it.each([
    ['COGNITO_USER_POOL_ID', 'my-pool', 'must look like eu-west-1_AbCdEf123, got "my-pool".'],
    ['COGNITO_CLIENT_ID', 'a,,b', 'is "a,,b"; write one comma between values, as in a,b.'],
    ['COGNITO_CLIENT_ID', 'a;b', 'is "a;b"; write one comma between values, as in a,b.'],
    [
      'COGNITO_TOKEN_USE',
      'id;access',
      'is "id;access"; write one comma between values, as in id,access.',
    ],
    [
      'COGNITO_TOKEN_USE',
      'access,refresh',
      `must be "access", "id" or a list of both, got [ 'access', 'refresh' ].`,
    ],
    ['COGNITO_ISSUER', 'eu-west-1', 'must be an absolute https: or http: URL, got "eu-west-1".'],
    ['COGNITO_JWKS_URI', 'keys', 'must be an absolute https: or http: URL, got "keys".'],
    ['COGNITO_AUDIENCE', 'a,', 'is "a,"; write one comma between values, as in a.'],
    ['COGNITO_AUDIENCE', ',a;b', 'is ",a;b"; write one comma between values, as in a;b.'],
    ['COGNITO_CLOCK_TOLERANCE', '5s', 'must be a number from 0 to 60 (seconds), got "5s".'],
    ['COGNITO_CLOCK_TOLERANCE', '90', 'must be a number from 0 to 60 (seconds), got 90.'],
    ['COGNITO_CLOCK_TOLERANCE', '-1', 'must be a number from 0 to 60 (seconds), got "-1".'],
    ['COGNITO_CLOCK_TOLERANCE', '0x10', 'must be a number from 0 to 60 (seconds), got "0x10".'],
  ])('is refused with %s=%s, by the name of the variable', (name, value, problem) => {
    expect(problemsWith({ [name]: value })).toEqual([`"${name}" ${problem}`]);
  });

  it.each(['', '  '])('counts variables that are "%s" as not set', (empty) => {
    const unset = { COGNITO_TOKEN_USE: empty, COGNITO_ISSUER: empty, COGNITO_JWKS_URI: empty };
    expect(problemsWith({ ...unset, COGNITO_CLOCK_TOLERANCE: empty })).toEqual([]);
    expect(problemsWith({ COGNITO_USER_POOL_ID: empty, COGNITO_CLIENT_ID: empty })).toEqual([
      expect.stringMatching(/^"userPoolId" is missing; .* COGNITO_USER_POOL_ID/),
      expect.stringMatching(/^"clientId" is missing; .* COGNITO_CLIENT_ID/),
    ]);
  });

  it('must not switch the check of the audience off by an empty variable', () => {
    expect(problemsWith({ COGNITO_AUDIENCE: ' ' })).toEqual([
      '"COGNITO_AUDIENCE" is set but empty; give it a value or do not set it.',
    ]);
  });

  it('may leave the audience empty when it is given as an option', () => {
    expect(problemsWith({ COGNITO_AUDIENCE: '' }, { audience: 'https://a.example' })).toEqual([]);
  });

  it('knows no variable that weakens verification', () => {
    const { skipVerification, ignoreExpiration } = resolveOptions(undefined, {
      ...ENVIRONMENT,
      COGNITO_SKIP_VERIFICATION: 'true',
      COGNITO_IGNORE_EXPIRATION: 'true',
      COGNITO_UNSAFE: '{"skipVerification":true}',
    });
    expect([skipVerification, ignoreExpiration]).toEqual([false, false]);
  });
});
