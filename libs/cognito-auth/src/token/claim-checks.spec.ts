import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { checkClaims, checkTimes } from './claim-checks.js';
import type { ClaimExpectations } from './claim-checks.js';
import type { JsonObject } from './claims.js';

const NOW = 1_700_000_000;
const EXPECTED: ClaimExpectations = { clientIds: new Set(['web', 'app']) };

const ACCESS = {
  sub: 'a1b2',
  iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123',
  client_id: 'web',
  token_use: 'access',
  scope: 'openid orders/read',
  auth_time: NOW - 10,
  iat: NOW - 10,
  exp: NOW + 3600,
  jti: 'j1',
  username: 'alice',
};
const { client_id: _clientId, username: _username, scope: _scope, ...COMMON } = ACCESS;
const ID = { ...COMMON, token_use: 'id', aud: 'web', 'cognito:username': 'alice' };
const { username: _user, ...MACHINE } = ACCESS;

/** The code with which claims are refused, and the message. */
function refusalOf(claims: JsonObject, expected = EXPECTED) {
  try {
    checkClaims(claims, expected, NOW);
  } catch (error) {
    if (error instanceof CognitoAuthError) return { code: error.code, message: error.message };
    throw error;
  }
  return undefined;
}

function without(claims: object, name: string): JsonObject {
  return Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
}

describe('checkClaims()', () => {
  it.each([
    ['an access token', ACCESS],
    ['an ID token', ID],
    ['an access token of a machine', MACHINE],
    ['an access token of a machine without a sub', without(MACHINE, 'sub')],
    ['a token without iat', without(ACCESS, 'iat')],
    ['a token with groups', { ...ACCESS, 'cognito:groups': ['admin'] }],
    ['a token with claims that are not known', { ...ACCESS, tier: { a: [1] }, aws: null }],
    ['another accepted app client', { ...ACCESS, client_id: 'app' }],
    ['a token that is bound to some resource', { ...ACCESS, aud: 'https://api.example.com' }],
    ['an iat that is 60 s ahead', { ...ACCESS, iat: NOW + 60 }],
    ['an exp with a fraction', { ...ACCESS, exp: NOW + 0.5 }],
  ])('admits %s', (_, claims) => {
    expect(refusalOf(claims)).toBeUndefined();
  });

  it.each(['exp', 'iat', 'nbf', 'auth_time'])('takes no %s but a finite number', (name) => {
    for (const value of [null, '1700000000', true, [NOW], {}, Infinity, NaN, 1e300]) {
      expect(refusalOf({ ...ACCESS, [name]: value })).toEqual({
        code: 'malformed_token',
        message: `The claim ${name} of the token is not a time in seconds`,
      });
    }
  });

  it('needs an exp of its own', () => {
    const inherited = Object.assign(
      Object.create({ exp: NOW + 60 }) as object,
      without(ACCESS, 'exp'),
    );
    for (const claims of [without(ACCESS, 'exp'), inherited]) {
      expect(refusalOf(claims)?.code).toBe('malformed_token');
    }
  });

  it.each(['sub', 'jti', 'origin_jti', 'device_key', 'username', 'cognito:username', 'scope'])(
    'takes no %s but a string',
    (name) => {
      for (const value of [null, 7, true, ['a'], { a: 1 }]) {
        expect(refusalOf({ ...ACCESS, [name]: value })).toEqual({
          code: 'malformed_token',
          message: `The claim ${name} of the token is not a string`,
        });
      }
    },
  );

  it('takes no groups but an array of strings', () => {
    for (const groups of [null, 'admin', { 0: 'admin' }, [1], ['admin', null], [['admin']]]) {
      expect(refusalOf({ ...ACCESS, 'cognito:groups': groups })).toEqual({
        code: 'malformed_token',
        message: 'The claim cognito:groups of the token is not an array of strings',
      });
    }
  });

  it('refuses a token that was issued more than 60 s ahead', () => {
    expect(refusalOf({ ...ACCESS, iat: NOW + 61 })).toEqual({
      code: 'token_not_active',
      message: 'The token was issued in the future',
    });
  });

  it.each([undefined, null, 'refresh', 'ACCESS', '', ['access'], 1])(
    'refuses the token use %j',
    (tokenUse) => {
      expect(refusalOf({ ...ACCESS, token_use: tokenUse })).toEqual({
        code: 'wrong_token_use',
        message: 'The token is neither an access token nor an ID token',
      });
    },
  );
});

describe('The app client of a token', () => {
  it.each([
    ['client_id', ACCESS],
    ['aud', ID],
  ])('is %s, one string', (name, claims) => {
    for (const value of [undefined, null, '', 7, ['web'], { web: true }]) {
      expect(refusalOf({ ...claims, [name]: value })).toEqual({
        code: 'wrong_client',
        message: `The token does not name one app client (claim ${name})`,
      });
    }
  });

  it.each([
    ['client_id', ACCESS],
    ['aud', ID],
  ])('in %s is one of those that are accepted', (name, claims) => {
    for (const value of ['other', 'WEB', 'web ', 'web,app']) {
      expect(refusalOf({ ...claims, [name]: value })).toEqual({
        code: 'wrong_client',
        message: `The token was issued for an app client that this API does not accept (claim ${name})`,
      });
    }
  });

  it('is never read from the claim of the other kind of token', () => {
    expect(refusalOf({ ...without(ACCESS, 'client_id'), aud: 'web' })?.code).toBe('wrong_client');
    expect(refusalOf({ ...without(ID, 'aud'), client_id: 'web' })?.code).toBe('wrong_client');
    expect(refusalOf({ ...ACCESS, client_id: 'other', aud: 'web' })?.code).toBe('wrong_client');
  });

  it('is any when every app client is accepted, but there is one', () => {
    const expected = { clientIds: null };
    expect(refusalOf({ ...ACCESS, client_id: 'other' }, expected)).toBeUndefined();
    expect(refusalOf({ ...ID, aud: 'other' }, expected)).toBeUndefined();
    expect(refusalOf(without(ACCESS, 'client_id'), expected)?.code).toBe('wrong_client');
    expect(refusalOf({ ...ID, aud: ['web'] }, expected)?.code).toBe('wrong_client');
  });
});

describe('The audience of an access token', () => {
  const expected = { ...EXPECTED, audiences: new Set(['https://a.example', 'https://b.example']) };

  it('is one of those that are configured', () => {
    expect(refusalOf({ ...ACCESS, aud: 'https://b.example' }, expected)).toBeUndefined();
  });

  it.each([undefined, 'https://c.example', 'https://a.example/', 'web'])(
    'is refused when it is %j',
    (aud) => {
      const claims = aud === undefined ? ACCESS : { ...ACCESS, aud };
      expect(refusalOf(claims, expected)).toEqual({
        code: 'wrong_audience',
        message:
          'The access token is not meant for this API (claim aud); ask for it with the parameter resource',
      });
    },
  );

  it.each([[['https://a.example']], [null], [7], [{}]])('is one string, not %j', (aud) => {
    for (const expectations of [EXPECTED, expected]) {
      expect(refusalOf({ ...ACCESS, aud }, expectations)).toEqual({
        code: 'wrong_audience',
        message: 'The claim aud of the access token is not a string',
      });
    }
  });

  describe('of a machine', () => {
    it.each([
      ['is not asked for, because Cognito gives it none', {}, undefined],
      ['may be the app client, which names no resource', { aud: 'web' }, undefined],
      ['may be the right one', { aud: 'https://a.example' }, undefined],
      ['is never another resource', { aud: 'https://c.example' }, 'wrong_audience'],
      ['is never another app client', { aud: 'app' }, 'wrong_audience'],
      ['is never empty', { aud: '' }, 'wrong_audience'],
    ])('%s', (_, claims, code) => {
      expect(refusalOf({ ...MACHINE, ...claims }, expected)?.code).toBe(code);
    });
  });

  describe('of an app client with one of its own', () => {
    const audiencesOfClients = new Map([
      ['web', null],
      ['app', new Set(['https://app.example'])],
    ]);
    const own = { ...expected, audiencesOfClients };

    it.each([
      ['web', {}, undefined],
      ['web', { aud: 'https://a.example' }, undefined],
      ['web', { aud: 'web' }, undefined],
      ['web', { aud: 'https://c.example' }, 'wrong_audience'],
      ['web', { aud: '' }, 'wrong_audience'],
      ['app', { aud: 'https://app.example' }, undefined],
      ['app', { aud: 'https://a.example' }, 'wrong_audience'],
      ['app', { aud: 'app' }, 'wrong_audience'],
      ['app', {}, 'wrong_audience'],
    ])('is decided by the app client: %s with %j', (clientId, claims, code) => {
      const token = { ...ACCESS, client_id: clientId, ...claims };
      expect(refusalOf(token, own)?.code).toBe(code);
    });

    it('is asked for where the user pool asks for none', () => {
      const alone = { ...EXPECTED, audiencesOfClients };
      expect(refusalOf({ ...ACCESS, client_id: 'app' }, alone)?.code).toBe('wrong_audience');
      expect(refusalOf({ ...ACCESS, client_id: 'web', aud: 'x' }, alone)).toBeUndefined();
    });
  });

  it('does not concern ID tokens, whose aud is the app client', () => {
    expect(refusalOf(ID, expected)).toBeUndefined();
  });
});

describe('The user of a token', () => {
  it.each([
    ['sub', ACCESS],
    ['sub', ID],
    ['cognito:username', ID],
  ])('has a %s', (name, claims) => {
    for (const broken of [without(claims, name), { ...claims, [name]: '' }]) {
      expect(refusalOf(broken)).toEqual({
        code: 'malformed_token',
        message: `The claim ${name} of the token is not a non-empty string`,
      });
    }
  });

  it('is not a machine because its username is empty', () => {
    expect(refusalOf({ ...ACCESS, username: '' })?.code).toBe('malformed_token');
  });
});

describe('The message of a refusal', () => {
  it('shows no claim of the token', () => {
    const secrets = { client_id: 'secret', aud: 'secret', sub: 'secret', username: 'secret' };
    const expected = { clientIds: new Set(['secret-too']), audiences: new Set(['secret-as-well']) };
    const claims = { ...ACCESS, ...secrets };
    expect(refusalOf(claims, expected)?.message).not.toContain('secret');
    expect(refusalOf({ ...claims, client_id: 'secret-too' }, expected)?.message).not.toContain(
      'secret',
    );
  });
});

/** The code with which times are refused. */
function codeFor(times: JsonObject, { clockTolerance = 0, ignoreExpiration = false, now = NOW }) {
  try {
    checkTimes(times, now, { clockTolerance, ignoreExpiration });
  } catch (error) {
    if (error instanceof CognitoAuthError) return error.code;
    throw error;
  }
  return undefined;
}

describe('checkTimes()', () => {
  it.each([
    [{ exp: NOW + 1 }, undefined],
    [{ exp: NOW }, 'token_expired'],
    [{ exp: NOW + 0.5 }, undefined],
    [{ exp: NOW + 60, nbf: NOW }, undefined],
    [{ exp: NOW + 60, nbf: NOW + 1 }, 'token_not_active'],
    [{ exp: NOW + 60, nbf: NOW + 0.5 }, 'token_not_active'],
    [{ exp: NOW - 60, nbf: NOW + 60 }, 'token_not_active'],
    [{ exp: NOW - 60, nbf: 'soon' }, 'malformed_token'],
    [{ exp: NOW - 60, nbf: null }, 'malformed_token'],
    [{ exp: '4102444800' }, 'malformed_token'],
    [{ exp: null }, 'malformed_token'],
    [{ nbf: NOW }, 'malformed_token'],
    [Object.create({ exp: NOW + 60 }) as JsonObject, 'malformed_token'],
  ])('answers %j with %s', (times, code) => {
    expect(codeFor(times, {})).toBe(code);
  });

  it.each([
    [{ exp: NOW - 4 }, undefined],
    [{ exp: NOW - 5 }, 'token_expired'],
    [{ exp: NOW + 60, nbf: NOW + 5 }, undefined],
    [{ exp: NOW + 60, nbf: NOW + 6 }, 'token_not_active'],
  ])('answers %j with %s where clocks may differ by 5 s', (times, code) => {
    expect(codeFor(times, { clockTolerance: 5 })).toBe(code);
  });

  it('counts whole seconds until a token is active, and every moment until it expires', () => {
    const now = NOW + 0.9;
    expect(codeFor({ exp: NOW + 0.95, nbf: NOW }, { now })).toBeUndefined();
    expect(codeFor({ exp: NOW + 0.5 }, { now })).toBe('token_expired');
    expect(codeFor({ exp: NOW + 60, nbf: NOW + 0.5 }, { now })).toBe('token_not_active');
  });

  it('lets an expired token pass only where that is asked for, and none before its time', () => {
    const options = { ignoreExpiration: true };
    expect(codeFor({ exp: NOW - 60 }, options)).toBeUndefined();
    expect(codeFor({ exp: NOW - 60, nbf: NOW + 60 }, options)).toBe('token_not_active');
  });
});
