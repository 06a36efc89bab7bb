import { describe, expect, it } from 'vitest';
import { CognitoAuthOptionsError } from './cognito-auth.errors.js';
import { resolveOptions, warningsOf } from './cognito-auth.resolved-options.js';

const POOL = { userPoolId: 'eu-west-1_AbCdEf123', clientId: '1h57kf5cpq17m0eml12EXAMPLE' };

/** What is wrong with the inline user pool above once these options are added. */
function problemsWith(options: object, environment = {}): readonly string[] {
  try {
    resolveOptions({ ...POOL, ...options }, environment);
    return [];
  } catch (error) {
    if (error instanceof CognitoAuthOptionsError) return error.problems;
    throw error;
  }
}

describe('resolveOptions()', () => {
  it('fills in the defaults', () => {
    expect(resolveOptions(POOL, {})).toMatchObject({
      clockTolerance: 0,
      maxTokenLength: 16_384,
      tokenCache: { maxEntries: 5_000, maxAge: Number.MAX_SAFE_INTEGER },
      keys: {
        maxAge: 600_000,
        staleFor: 86_400_000,
        cooldown: 10_000,
        timeout: 3_000,
        maxBytes: 524_288,
        preload: 'background',
        fetcher: undefined,
      },
      property: 'user',
      realm: 'api',
      skipVerification: false,
      ignoreExpiration: false,
    });
  });

  it('looks for the token in the authorization header unless told otherwise', () => {
    const { tokenFrom } = resolveOptions(POOL, {});
    expect(
      tokenFrom.map((extract) => extract({ headers: { authorization: 'Bearer abc' } })),
    ).toEqual(['abc']);
  });

  it('keeps what is given', () => {
    const fetcher = () => Promise.resolve({ keys: [] });
    const tokenFrom = () => null;
    const keys = {
      maxAge: 1,
      staleFor: 0,
      cooldown: 0,
      timeout: 60_000,
      maxBytes: 1,
      preload: 'lazy' as const,
      fetcher,
    };
    const given = {
      tokenFrom,
      clockTolerance: 60,
      maxTokenLength: 1,
      tokenCache: { maxEntries: 1, maxAge: 1 },
      keys,
      property: '$current_user',
      realm: 'orders (v2)',
    };
    const resolved = resolveOptions({ ...POOL, ...given }, {});
    expect(resolved).toMatchObject({ ...given, tokenFrom: [tokenFrom] });
  });

  it('can do without the memory of verified tokens', () => {
    expect(resolveOptions({ ...POOL, tokenCache: false }, {}).tokenCache).toBe(false);
  });

  it('keeps the order of several extractors', () => {
    const [first, second] = [() => 'a', () => 'b'];
    expect(resolveOptions({ ...POOL, tokenFrom: [first, second] }, {}).tokenFrom).toEqual([
      first,
      second,
    ]);
  });

  it('takes an option that is undefined as one that is not given', () => {
    const options = { ...POOL, realm: undefined, keys: undefined, unsafe: undefined };
    expect(resolveOptions(options, {})).toMatchObject({ realm: 'api', skipVerification: false });
  });

  const AT_LEAST_1 = 'must be a whole number of at least 1';
  const TOLERANCE = '"clockTolerance" must be a number from 0 to 60 (seconds)';
  const EXTRACTOR = '"tokenFrom" must be an extractor or a list of them';
  const PROPERTY = '"property" must be the name of a property like "user"';
  const REALM = '"realm" must be printable ASCII without quotes and backslashes';

  it.each([
    [{ clockTolerance: -1 }, `${TOLERANCE}, got -1.`],
    [{ clockTolerance: 61 }, `${TOLERANCE}, got 61.`],
    [{ clockTolerance: NaN }, `${TOLERANCE}, got NaN.`],
    [{ clockTolerance: '5' }, `${TOLERANCE}, got "5".`],
    [{ maxTokenLength: 0 }, `"maxTokenLength" ${AT_LEAST_1}, got 0.`],
    [{ maxTokenLength: 1.5 }, `"maxTokenLength" ${AT_LEAST_1}, got 1.5.`],
    [{ maxTokenLength: '8192' }, `"maxTokenLength" ${AT_LEAST_1}, got "8192".`],
    [{ tokenFrom: 'header' }, `${EXTRACTOR}, got "header".`],
    [{ tokenFrom: [] }, `${EXTRACTOR}, got [].`],
    [{ tokenFrom: [() => null, null] }, `${EXTRACTOR}, got [ [Function (anonymous)], null ].`],
    [{ property: '' }, `${PROPERTY}, got "".`],
    [{ property: 'the user' }, `${PROPERTY}, got "the user".`],
    [{ property: '__proto__' }, `${PROPERTY}, got "__proto__".`],
    [{ property: 'constructor' }, `${PROPERTY}, got "constructor".`],
    [{ property: Symbol('user') }, `${PROPERTY}, got Symbol(user).`],
    [{ realm: '' }, `${REALM}, got "".`],
    [{ realm: 'my "api"' }, String.raw`${REALM}, got "my \"api\"".`],
    [{ realm: 'a\\b' }, String.raw`${REALM}, got "a\\b".`],
    [{ realm: 'a\r\nset-cookie: b' }, String.raw`${REALM}, got "a\r\nset-cookie: b".`],
    [{ realm: 7 }, `${REALM}, got 7.`],
  ])('refuses %j', (options, problem) => {
    expect(problemsWith(options)).toEqual([problem]);
  });

  const CACHE = '"tokenCache" must be an object or false';
  const CACHE_AGE = '"tokenCache.maxAge" must be a number of at least 1 (milliseconds)';

  it.each([
    [{ tokenCache: true }, `${CACHE}, got true.`],
    [{ tokenCache: 5_000 }, `${CACHE}, got 5000.`],
    [{ tokenCache: { maxEntries: 0 } }, `"tokenCache.maxEntries" ${AT_LEAST_1}, got 0.`],
    [
      { tokenCache: { maxEntries: Infinity } },
      `"tokenCache.maxEntries" ${AT_LEAST_1}, got Infinity.`,
    ],
    [{ tokenCache: { maxAge: 0 } }, `${CACHE_AGE}, got 0.`],
    [
      { tokenCache: { ttl: 60 } },
      '"tokenCache.ttl" is not an option; there are "maxEntries", "maxAge".',
    ],
  ])('refuses %j', (options, problem) => {
    expect(problemsWith(options)).toEqual([problem]);
  });

  it.each([
    [{ maxAge: 0 }, '"keys.maxAge" must be a number of at least 1 (milliseconds), got 0.'],
    [{ staleFor: -1 }, '"keys.staleFor" must be a number of at least 0 (milliseconds), got -1.'],
    [
      { cooldown: '1s' },
      '"keys.cooldown" must be a number of at least 0 (milliseconds), got "1s".',
    ],
    [{ timeout: 0 }, '"keys.timeout" must be a number from 1 to 60000 (milliseconds), got 0.'],
    [
      { timeout: 60_001 },
      '"keys.timeout" must be a number from 1 to 60000 (milliseconds), got 60001.',
    ],
    [{ maxBytes: 0.5 }, `"keys.maxBytes" ${AT_LEAST_1}, got 0.5.`],
    [
      { preload: 'eager' },
      '"keys.preload" must be one of background, required, lazy, got "eager".',
    ],
    [
      { fetcher: 'https://proxy.example.com' },
      '"keys.fetcher" must be a function from an address to a key set, got "https://proxy.example.com".',
    ],
    [
      { ttl: 1 },
      '"keys.ttl" is not an option; there are "maxAge", "staleFor", "cooldown", "timeout", "maxBytes", "preload", "fetcher".',
    ],
  ])('refuses { keys: %j }', (keys, problem) => {
    expect(problemsWith({ keys })).toEqual([problem]);
  });

  it.each([[[]], ['fast'], [1]])('refuses { keys: %j }, which is no object', (keys) => {
    expect(problemsWith({ keys })[0]).toMatch(/^"keys" must be an object, got /);
  });

  it('refuses an option that it does not know, and lists those that there are', () => {
    const [problem] = problemsWith({ clientID: 'x' });
    expect(problem).toMatch(/^"clientID" is not an option; there are "userPools", .*"clientId"/);
  });

  it.each([['eu-west-1_AbCdEf123'], [[POOL]], [42]])('refuses %j for the options', (given) => {
    expect(() => resolveOptions(given as never, {})).toThrow(/"options" must be an object, got /);
  });

  it('lists everything that is wrong in one error', () => {
    const problems = problemsWith({
      userPoolId: 'my-pool',
      clientId: '',
      tokenUse: 'refresh',
      clockTolerance: 300,
      keys: { preload: 'never', timeout: 0 },
      tokenCache: 'on',
      ream: 'api',
      unsafe: { skipVerification: 'yes' },
    });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      '"ream"',
      '"userPoolId"',
      '"clientId"',
      '"tokenUse"',
      '"clockTolerance"',
      '"tokenCache"',
      '"keys.timeout"',
      '"keys.preload"',
      '"unsafe.skipVerification"',
    ]);
  });

  it('shows no more than the beginning of a long value', () => {
    const [problem] = problemsWith({ realm: 'é'.repeat(10_000) });
    expect(problem).toMatch(/, got "é{79}…\.$/);
  });
});

describe('The option "unsafe"', () => {
  const BOTH = { skipVerification: true, ignoreExpiration: true };

  it('weakens verification only where it says so', () => {
    expect(resolveOptions({ ...POOL, unsafe: { ignoreExpiration: true } }, {})).toMatchObject({
      skipVerification: false,
      ignoreExpiration: true,
    });
  });

  it.each(['skipVerification', 'ignoreExpiration'])(
    'refuses %s with NODE_ENV=production',
    (name) => {
      expect(problemsWith({ unsafe: { [name]: true } }, { NODE_ENV: 'production' })).toEqual([
        `"unsafe.${name}" is for local development and refused with NODE_ENV=production.`,
      ]);
    },
  );

  it('lets what is off go into production', () => {
    const unsafe = { skipVerification: false, ignoreExpiration: false };
    expect(problemsWith({ unsafe }, { NODE_ENV: 'production' })).toEqual([]);
  });

  it.each([
    [{ skipVerification: 1 }, '"unsafe.skipVerification" must be true or false, got 1.'],
    [{ ignoreExpiration: 'true' }, '"unsafe.ignoreExpiration" must be true or false, got "true".'],
    [
      { skipVerfication: true },
      '"unsafe.skipVerfication" is not an option; there are "skipVerification", "ignoreExpiration".',
    ],
  ])('refuses %j', (unsafe, problem) => {
    expect(problemsWith({ unsafe })).toEqual([problem]);
  });

  it('refuses anything but an object', () => {
    expect(problemsWith({ unsafe: true })).toEqual(['"unsafe" must be an object, got true.']);
  });

  it('warns of each weakening', () => {
    expect(warningsOf(resolveOptions({ ...POOL, unsafe: BOTH }, {}))).toEqual([
      'UNSAFE: signatures are not verified, anybody can enter ("unsafe.skipVerification")',
      'UNSAFE: expired tokens are accepted ("unsafe.ignoreExpiration")',
    ]);
  });
});

describe('warningsOf()', () => {
  it('has nothing to say about ordinary options', () => {
    expect(warningsOf(resolveOptions(POOL, {}))).toEqual([]);
  });

  it('names each user pool that accepts every app client', () => {
    const userPools = [
      { ...POOL, name: 'staff', clientId: null },
      { ...POOL, userPoolId: 'eu-west-1_Customers' },
    ];
    expect(warningsOf(resolveOptions({ userPools }, {}))).toEqual([
      'Tokens of every app client of the user pool "staff" are accepted ("clientId" is null)',
    ]);
  });

  const ISSUER = 'https://a.example';

  it.each([
    'http://cognito.internal:9229/keys',
    'http://10.0.0.7/keys',
    'http://localhost.example/keys',
    'http://mylocalhost/keys',
    'http://128.0.0.1/keys',
    'http://[::2]/keys',
    'HTTP://a.example/keys?secret=x',
  ])('names keys that are fetched without TLS: %s', (jwksUri) => {
    const warning = `UNSAFE: signing keys are fetched from ${new URL(jwksUri).origin} without TLS: whoever is on the way can replace them, and enter; use https:`;
    const production = { NODE_ENV: 'production' };
    expect(warningsOf(resolveOptions({ ...POOL, jwksUri }, production))).toEqual([warning]);
    expect(warningsOf(resolveOptions({ ...POOL, jwksUri, issuer: ISSUER }, {}))).toEqual([warning]);
  });

  it('names an issuer whose keys are fetched without TLS', () => {
    const issuer = [ISSUER, 'http://b.example/pool'];
    expect(warningsOf(resolveOptions({ ...POOL, issuer }, {}))).toEqual([
      expect.stringContaining('from http://b.example without TLS'),
    ]);
  });

  it.each(['localhost:9229', 'keys.localhost', 'localhost.', '127.0.0.1', '127.9.8.7', '[::1]:80'])(
    'has nothing to say about keys of this machine: %s',
    (host) => {
      const jwksUri = `http://${host}/keys`;
      expect(warningsOf(resolveOptions({ ...POOL, jwksUri }, {}))).toEqual([]);
    },
  );
});
