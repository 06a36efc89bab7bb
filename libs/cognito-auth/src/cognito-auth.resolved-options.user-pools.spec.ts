import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CognitoAuthOptionsError } from './cognito-auth.errors.js';
import { resolveOptions } from './cognito-auth.resolved-options.js';
import type { ResolvedUserPool } from './cognito-auth.resolved-options.js';

const ID = 'eu-west-1_AbCdEf123';
const POOL = { userPoolId: ID, clientId: '1h57kf5cpq17m0eml12EXAMPLE' };
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const JWKS = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] };

/** The one user pool that these options, added to the inline one above, make. */
function poolWith(options: object): ResolvedUserPool {
  const [pool] = resolveOptions({ ...POOL, ...options }, {}).userPools;
  if (pool) return pool;
  throw new Error('there is no user pool');
}

function problemsIn(options: object): readonly string[] {
  try {
    resolveOptions(options, {});
    return [];
  } catch (error) {
    if (error instanceof CognitoAuthOptionsError) return error.problems;
    throw error;
  }
}

describe('An inline user pool', () => {
  it('gets its defaults', () => {
    expect(poolWith({})).toEqual({
      name: ID,
      userPoolId: ID,
      clientIds: new Set(['1h57kf5cpq17m0eml12EXAMPLE']),
      tokenUse: ['access'],
      audiences: undefined,
      issuers: new Map([
        [
          `https://cognito-idp.eu-west-1.amazonaws.com/${ID}`,
          `https://cognito-idp.eu-west-1.amazonaws.com/${ID}/.well-known/jwks.json`,
        ],
        [
          `https://issuer-cognito-idp.eu-west-1.amazonaws.com/${ID}`,
          `https://issuer-cognito-idp.eu-west-1.amazonaws.com/${ID}/.well-known/jwks.json`,
        ],
      ]),
      jwks: undefined,
    });
  });

  it('keeps what is given, one value or several', () => {
    expect(
      poolWith({ name: 'staff', tokenUse: 'id', audience: 'https://a.example' }),
    ).toMatchObject({ name: 'staff', tokenUse: ['id'], audiences: new Set(['https://a.example']) });
    expect(
      poolWith({ clientId: ['a', 'b'], tokenUse: ['access', 'id'], audience: ['c', 'd'] }),
    ).toMatchObject({
      clientIds: new Set(['a', 'b']),
      tokenUse: ['access', 'id'],
      audiences: new Set(['c', 'd']),
    });
  });

  it('accepts every app client only when clientId is null', () => {
    expect(poolWith({ clientId: null }).clientIds).toBeNull();
  });

  const LIKE_POOL = '"userPoolId" must look like eu-west-1_AbCdEf123';
  const LIKE_CLIENT = '"clientId" must look like 1h57kf5cpq17m0eml12EXAMPLE';
  const TOKEN_USE = '"tokenUse" must be "access", "id" or a list of both';
  const SEVERAL_CLIENTS = '"clientId" is several app clients in one text; write a list';
  const TEXT = 'must be a text without spaces around it';
  const UNDEFINED = 'is undefined; is there a circular import? To do without it, leave it out';
  const NOT_AT_AWS = 'for a user pool that is not at AWS give its "issuer", too';

  it.each([
    [{ userPoolId: 'my-pool' }, `${LIKE_POOL}, got "my-pool".`],
    [{ userPoolId: '' }, `${LIKE_POOL}, got "".`],
    [{ userPoolId: 7 }, `${LIKE_POOL}, got 7.`],
    [{ userPoolId: `${ID} ` }, `${LIKE_POOL}, got "${ID} ".`],
    [{ userPoolId: `${ID}/../x` }, `${LIKE_POOL}, got "${ID}/../x".`],
    [{ userPoolId: `${ID}\n` }, String.raw`${LIKE_POOL}, got "${ID}\n".`],
    [
      { userPoolId: `eu-west-1_${'A'.repeat(46)}` },
      `${LIKE_POOL}, got "eu-west-1_${'A'.repeat(46)}".`,
    ],
    [{ userPoolId: 'local_1' }, `${LIKE_POOL}, got "local_1"; ${NOT_AT_AWS}.`],
    [{ clientId: '' }, `${LIKE_CLIENT}, got "".`],
    [{ clientId: 'a,b' }, `${SEVERAL_CLIENTS}: ["a","b"].`],
    [{ clientId: ['web', 'a, b c'] }, `${SEVERAL_CLIENTS}: ["a","b","c"].`],
    [{ clientId: 'a,' }, `${LIKE_CLIENT}, got "a,".`],
    [
      { clientId: { clientId: 'a', audience: null } },
      `"clientId" must be a list where an app client is an object: [{ clientId: 'a', audience: null }].`,
    ],
    [{ clientId: {} }, `${LIKE_CLIENT}, got {}.`],
    [
      { userPoolId: 'AbCdEf123', region: 'us-east-1' },
      `${LIKE_POOL}, got "AbCdEf123"; put "us-east-1_" in front.`,
    ],
    [
      { userPoolId: 'AbCdEf123' },
      `${LIKE_POOL}, got "AbCdEf123"; put the Region and "_" in front.`,
    ],
    [{ clientId: [{ audience: null }] }, `${LIKE_CLIENT}, got undefined.`],
    [{ clientId: [{ clientId: 'a', audience: '' }] }, `"clientId[0].audience" ${TEXT}, got "".`],
    [
      { clientId: ['web', { clientId: 'a', audience: undefined }] },
      `"clientId[1].audience" ${UNDEFINED}.`,
    ],
    [
      { clientId: ['web', { clientId: 'a', aud: null }] },
      '"clientId[1].aud" is not an option; there are "clientId", "audience".',
    ],
    [{ clientId: ['a', { clientId: 'a', audience: null }] }, '"clientId" has "a" twice.'],
    [{ region: 'Ireland' }, '"region" must be a Region like "eu-west-1", got "Ireland".'],
    [{ audience: undefined }, `"audience" ${UNDEFINED}.`],
    [{ tokenFrom: undefined }, `"tokenFrom" ${UNDEFINED}.`],
    [{ clientId: 7 }, `${LIKE_CLIENT}, got 7.`],
    [{ clientId: ['a', null] }, `${LIKE_CLIENT}, got null.`],
    [{ clientId: 'a'.repeat(129) }, `${LIKE_CLIENT}, got "${'a'.repeat(79)}….`],
    [{ clientId: [] }, '"clientId" must not be an empty list; null accepts every app client.'],
    [{ tokenUse: 'refresh' }, `${TOKEN_USE}, got "refresh".`],
    [{ tokenUse: [] }, `${TOKEN_USE}, got [].`],
    [{ tokenUse: ['access', 'ID'] }, `${TOKEN_USE}, got [ 'access', 'ID' ].`],
    [{ audience: '' }, '"audience" must be a text without spaces around it, got "".'],
    [{ audience: [] }, '"audience" must not be an empty list.'],
    [{ audience: null }, '"audience" must be a text without spaces around it, got null.'],
    [{ name: ' staff' }, '"name" must be a text without spaces around it, got " staff".'],
  ])('is refused with %j', (options, problem) => {
    expect(problemsIn({ ...POOL, ...options })).toEqual([problem]);
  });

  it('needs an id and says that nothing but null accepts every app client', () => {
    expect(problemsIn({})).toEqual([
      '"userPoolId" is missing; give it to the module or set COGNITO_USER_POOL_ID, for example eu-west-1_AbCdEf123.',
      '"clientId" is missing; give it to the module or set COGNITO_CLIENT_ID, or give null to accept every app client.',
    ]);
  });
});

describe('The option "issuer"', () => {
  it('replaces the issuers of AWS', () => {
    const { issuers } = poolWith({ issuer: 'https://login.example.com/pool' });
    expect([...issuers]).toEqual([
      ['https://login.example.com/pool', 'https://login.example.com/pool/.well-known/jwks.json'],
    ]);
  });

  it('may be several, of which each has its own key set', () => {
    const { issuers } = poolWith({ issuer: ['https://a.example', 'https://b.example'] });
    expect([...issuers.values()]).toEqual([
      'https://a.example/.well-known/jwks.json',
      'https://b.example/.well-known/jwks.json',
    ]);
  });

  it('is kept as an exact string, with its slash at the end', () => {
    const { issuers } = poolWith({ issuer: 'https://login.example.com/' });
    expect([...issuers]).toEqual([
      ['https://login.example.com/', 'https://login.example.com/.well-known/jwks.json'],
    ]);
  });

  it('may be http: since it is written out', () => {
    const { issuers } = poolWith({
      userPoolId: 'local_1',
      issuer: 'http://localhost:9229/local_1',
    });
    expect([...issuers.values()]).toEqual(['http://localhost:9229/local_1/.well-known/jwks.json']);
  });

  const URL_EXPECTED = 'must be an absolute https: or http: URL';

  it.each([
    ['issuer', 'cognito-idp.eu-west-1.amazonaws.com', URL_EXPECTED],
    ['issuer', '//login.example.com', URL_EXPECTED],
    ['issuer', 'ftp://login.example.com', URL_EXPECTED],
    ['issuer', 'https://user:secret@login.example.com', URL_EXPECTED],
    ['issuer', 'https://login.example.com/#a', URL_EXPECTED],
    ['jwksUri', 'file:///etc/keys.json', URL_EXPECTED],
    ['jwksUri', '/jwks.json', URL_EXPECTED],
    ['jwksUri', '', URL_EXPECTED],
  ])('refuses { %s: %j }', (name, value, expected) => {
    expect(problemsIn({ ...POOL, [name]: value })).toEqual([
      `"${name}" ${expected}, got ${JSON.stringify(value)}.`,
    ]);
  });

  it('must not be an empty list, which would switch its check off', () => {
    expect(problemsIn({ ...POOL, issuer: [] })).toEqual(['"issuer" must not be an empty list.']);
  });
});

describe('The option "replicaRegions"', () => {
  it('adds the original issuer of each replica', () => {
    const { issuers } = poolWith({ replicaRegions: ['us-west-2', 'us-gov-east-1'] });
    expect([...issuers.keys()].slice(2)).toEqual([
      `https://cognito-idp.us-west-2.amazonaws.com/${ID}`,
      `https://cognito-idp.us-gov-east-1.amazonaws.com/${ID}`,
    ]);
  });

  const REGIONS = '"replicaRegions" must be a list of Regions like ["us-west-2"]';

  it.each([
    ['us-west-2', `${REGIONS}, got "us-west-2".`],
    [['us-west'], `${REGIONS}, got [ 'us-west' ].`],
    [['evil.example/us-west-2'], `${REGIONS}, got [ 'evil.example/us-west-2' ].`],
    [[2], `${REGIONS}, got [ 2 ].`],
  ])('refuses %j', (replicaRegions, problem) => {
    expect(problemsIn({ ...POOL, replicaRegions })).toEqual([problem]);
  });

  it('is refused beside "issuer", where it would have no effect', () => {
    const options = { ...POOL, issuer: 'https://a.example', replicaRegions: ['us-west-2'] };
    expect(problemsIn(options)).toEqual([
      '"replicaRegions" has no effect beside "issuer"; list every issuer there.',
    ]);
  });
});

describe('The options "jwksUri" and "jwks"', () => {
  it('have every issuer use the key set at jwksUri', () => {
    const { issuers } = poolWith({ jwksUri: 'http://localhost:9229/keys' });
    expect(new Set(issuers.values())).toEqual(new Set(['http://localhost:9229/keys']));
  });

  it('make a fixed key set of jwks', () => {
    expect(poolWith({ jwks: JWKS }).jwks?.find('k1')).toMatchObject({ kid: 'k1' });
  });

  it('are refused side by side', () => {
    expect(problemsIn({ ...POOL, jwks: JWKS, jwksUri: 'https://a.example/keys' })).toEqual([
      '"jwksUri" stands beside "jwks"; give one of them.',
    ]);
  });

  it.each([
    ['nothing', null],
    ['text', '{"keys":[]}'],
    ['an object without keys', {}],
    ['an empty set', { keys: [] }],
    ['a bare list', JWKS.keys],
    ['a set without a usable key', { keys: [{ ...JWKS.keys[0], use: 'enc' }] }],
    ['a key without a kid', { keys: [{ ...JWKS.keys[0], kid: undefined }] }],
  ])('refuse %s for a key set', (_, jwks) => {
    expect(problemsIn({ ...POOL, jwks })).toEqual([
      '"jwks" must be a key set { keys: [...] } with at least one RSA key of 2048 bits or more that has a kid.',
    ]);
  });
});

describe('The option "region"', () => {
  it('may be "local", as emulators call theirs, beside an issuer', () => {
    const emulated = { userPoolId: 'local_1', region: 'local', issuer: 'http://localhost:9229/x' };
    expect([...poolWith(emulated).issuers.keys()]).toEqual([emulated.issuer]);
    expect(problemsIn({ ...POOL, ...emulated, issuer: undefined })).toEqual([
      expect.stringContaining('for a user pool that is not at AWS give its "issuer", too.'),
    ]);
    expect(problemsIn({ ...POOL, region: 'local' })).toEqual([
      '"region" must be a Region like "eu-west-1", got "local".',
    ]);
  });

  it('may say what the id says already', () => {
    expect(poolWith({ region: 'eu-west-1' })).toEqual(poolWith({}));
    expect(poolWith({ region: undefined })).toEqual(poolWith({}));
  });

  it('is the Region of a user pool whose id names none', () => {
    expect([...poolWith({ userPoolId: 'local_1', region: 'eu-west-1' }).issuers.keys()]).toEqual([
      'https://cognito-idp.eu-west-1.amazonaws.com/local_1',
      'https://issuer-cognito-idp.eu-west-1.amazonaws.com/local_1',
    ]);
  });

  it('stops the boot when it is not that of the id, and names both', () => {
    const problem = (name: string, id: string) =>
      `"${name}" is "us-east-1", but "${ID}" ("${id}") is a user pool in "eu-west-1"; one of them is wrong (replicas stand in "replicaRegions").`;
    const region = 'us-east-1';
    expect(problemsIn({ ...POOL, region })).toEqual([problem('region', 'userPoolId')]);
    expect(problemsIn({ ...POOL, region, issuer: 'https://a.example' })).toEqual([
      problem('region', 'userPoolId'),
    ]);
    expect(problemsIn({ userPools: [{ ...POOL, region }] })).toEqual([
      problem('userPools[0].region', 'userPools[0].userPoolId'),
    ]);
  });
});

describe('The audiences of app clients', () => {
  it('stand beside the names of the others', () => {
    const clientId = [
      'web',
      { clientId: 'job', audience: null },
      { clientId: 'app', audience: ['https://a.example', 'https://b.example'] },
      { clientId: 'cli' },
    ];
    expect(poolWith({ clientId })).toMatchObject({
      clientIds: new Set(['web', 'job', 'app', 'cli']),
      audiencesOfClients: new Map([
        ['job', null],
        ['app', new Set(['https://a.example', 'https://b.example'])],
      ]),
    });
  });
});

describe('An issuer', () => {
  it.each([
    'https://a.example?x=1',
    'https://a.example/?',
    'https://a.example/pool?tenant=b',
    'http://localhost:9229/pool?x',
  ])('has no query: %s', (issuer) => {
    expect(problemsIn({ ...POOL, issuer })).toEqual([
      `"issuer" must be a URL without a query, got "${issuer}".`,
    ]);
    expect(problemsIn({ ...POOL, issuer: ['https://b.example', issuer], jwks: JWKS })).toEqual([
      `"issuer" must be a URL without a query, got "${issuer}".`,
    ]);
  });

  it.each([
    'https://a.example#x',
    'https://a.example/#',
    'https:a.example',
    'https:/a.example',
    'https://a.example/a b',
    'https://a.example/a\tb',
    'https://a.example\\b',
    'https://me@a.example',
    'ftp://a.example',
  ])('is one address that is fetched as it is written: %j', (issuer) => {
    const shown = JSON.stringify(issuer);
    const must = 'must be an absolute https: or http: URL';
    expect(problemsIn({ ...POOL, issuer })).toEqual([`"issuer" ${must}, got ${shown}.`]);
    expect(problemsIn({ ...POOL, jwksUri: issuer })).toEqual([`"jwksUri" ${must}, got ${shown}.`]);
  });

  it('leaves a query to jwksUri', () => {
    expect(problemsIn({ ...POOL, jwksUri: 'https://a.example/keys?v=2' })).toEqual([]);
  });
});

describe('The option "userPools"', () => {
  const STAFF = { ...POOL, name: 'staff' };
  const CUSTOMERS = { userPoolId: 'us-east-1_Customers', clientId: null, tokenUse: 'id' as const };

  it('makes one user pool of each entry', () => {
    const { userPools } = resolveOptions({ userPools: [STAFF, CUSTOMERS] }, {});
    expect(userPools).toMatchObject([
      { name: 'staff', userPoolId: ID, tokenUse: ['access'] },
      { name: 'us-east-1_Customers', clientIds: null, tokenUse: ['id'] },
    ]);
  });

  it('says which entry is wrong', () => {
    const userPools = [STAFF, { userPoolId: 'x', jwksUri: 'keys', regions: 'eu-west-1' }];
    expect(problemsIn({ userPools })).toEqual([
      '"userPools[1].regions" is not an option; there are "name", "userPoolId", "region", "clientId", "tokenUse", "audience", "issuer", "replicaRegions", "jwksUri", "jwks".',
      '"userPools[1].userPoolId" must look like eu-west-1_AbCdEf123, got "x".',
      '"userPools[1].jwksUri" must be an absolute https: or http: URL, got "keys".',
      expect.stringMatching(/^"userPools\[1\]\.clientId" is missing; /),
    ]);
  });

  it.each([
    [[], '"userPools" must be a list of at least one user pool, got [].'],
    [STAFF, /^"userPools" must be a list of at least one user pool, got \{ userPoolId: /],
    [['staff'], /^"userPools\[0\]" must be an object, got "staff"\.$/],
  ])('refuses %j', (userPools, problem) => {
    expect(problemsIn({ userPools })[0]).toMatch(problem);
  });

  it('refuses what is undefined and switches a check off', () => {
    expect(problemsIn({ userPools: [STAFF, { ...CUSTOMERS, audience: undefined }] })).toEqual([
      '"userPools[1].audience" is undefined; is there a circular import? To do without it, leave it out.',
    ]);
  });

  it('leaves no room for an inline user pool', () => {
    expect(problemsIn({ userPools: [STAFF], userPoolId: ID, clientId: null })).toEqual([
      '"userPoolId" stands beside "userPools"; move it in there.',
      '"clientId" stands beside "userPools"; move it in there.',
    ]);
  });

  it('refuses two user pools of one name', () => {
    expect(problemsIn({ userPools: [STAFF, { ...CUSTOMERS, name: 'staff' }] })).toEqual([
      '"userPools" must differ in "name", but "staff" stands there twice.',
    ]);
  });

  it('refuses two user pools of one issuer, which would be one only', () => {
    const issuer = 'https://a.example';
    expect(
      problemsIn({
        userPools: [
          { ...STAFF, issuer },
          { ...CUSTOMERS, issuer },
        ],
      }),
    ).toEqual(['"userPools" must differ in "issuer", but "https://a.example" stands there twice.']);
  });
});
