import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoClaims } from '../token/claims.js';
import { principalOf } from '../token/principal.js';
import { checkPrincipal, checkToken } from './access-rules.js';
import type { AccessRules } from './access-rules.js';

const POOL = { name: 'staff', userPoolId: 'eu-west-1_AbCdEf123' };
const ACCESS: CognitoClaims = {
  iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123',
  sub: 'a1b2',
  token_use: 'access',
  client_id: 'web',
  exp: 1_700_003_700,
  username: 'alice',
  'cognito:groups': ['admin', 'Auditor'],
  scope: 'openid orders/read',
};

const USER = principalOf(ACCESS, POOL);
const ID_HOLDER = principalOf(
  { ...ACCESS, token_use: 'id', aud: 'web', 'cognito:username': 'alice', scope: undefined },
  POOL,
);
const { username: _username, 'cognito:groups': _groups, ...machine } = ACCESS;
const MACHINE = principalOf(machine, POOL);

function checkAccess(...[principal, rules, defaultTokenUse]: Parameters<typeof checkToken>): void {
  checkToken(principal, rules, defaultTokenUse);
  checkPrincipal(principal, rules);
}

/** The code with which a principal is refused, and what the challenge says. */
function refusalOf(
  principal: typeof USER,
  rules: Omit<AccessRules, 'mode'>,
  accepted = ['access'],
) {
  try {
    checkAccess(principal, { mode: 'required', ...rules }, accepted as never);
  } catch (error) {
    if (error instanceof CognitoAuthError) {
      return { code: error.code, message: error.message, challenge: error.challenge('api') };
    }
    throw error;
  }
  return undefined;
}

describe('checkAccess() without a rule', () => {
  it('accepts the kinds of token that the user pool accepts', () => {
    expect(refusalOf(USER, {})).toBeUndefined();
    expect(refusalOf(ID_HOLDER, {}, ['id'])).toBeUndefined();
    expect(refusalOf(ID_HOLDER, {}, ['access', 'id'])).toBeUndefined();
  });

  it('refuses the other kind', () => {
    expect(refusalOf(ID_HOLDER, {})).toMatchObject({
      code: 'wrong_token_use',
      message: 'The token is an ID token; this route accepts an access token',
    });
    expect(refusalOf(USER, {}, ['id'])).toMatchObject({
      code: 'wrong_token_use',
      message: 'The token is an access token; this route accepts an ID token',
    });
  });

  it('refuses every token when no kind is accepted', () => {
    expect(refusalOf(USER, { tokenUse: [] })?.code).toBe('wrong_token_use');
  });
});

describe('checkAccess() with a token use', () => {
  it('accepts it whatever the user pool accepts', () => {
    expect(refusalOf(ID_HOLDER, { tokenUse: ['id'] })).toBeUndefined();
    expect(refusalOf(USER, { tokenUse: ['id'] })?.code).toBe('wrong_token_use');
    expect(refusalOf(USER, { tokenUse: ['access', 'id'] }, ['id'])).toBeUndefined();
  });
});

describe('checkAccess() with a kind of principal', () => {
  it('admits that kind', () => {
    expect(refusalOf(USER, { principal: 'user' })).toBeUndefined();
    expect(refusalOf(MACHINE, { principal: 'client' })).toBeUndefined();
  });

  it('refuses the other', () => {
    expect(refusalOf(MACHINE, { principal: 'user' })).toMatchObject({
      code: 'wrong_principal',
      message: 'This route is for users, not for machines',
    });
    expect(refusalOf(USER, { principal: 'client' })).toMatchObject({
      code: 'wrong_principal',
      message: 'This route is for machines (client credentials), not for users',
    });
  });
});

describe('checkAccess() with groups', () => {
  it.each([
    { any: ['admin', 'support'] },
    { all: ['admin', 'Auditor'] },
    { none: ['suspended'] },
    { any: ['admin'], all: ['Auditor'], none: ['suspended', 'guest'] },
  ])('admits a member of admin and Auditor by %j', (groups) => {
    expect(refusalOf(USER, { groups })).toBeUndefined();
  });

  it.each([
    { any: ['support', 'sales'] },
    { any: ['Admin'] },
    { any: ['auditor'] },
    { any: ['adm'] },
    { any: [] },
    { all: ['admin', 'support'] },
    { none: ['admin'] },
    { any: ['admin'], none: ['Auditor'] },
    { any: ['support'], all: ['admin'] },
  ])('refuses a member of admin and Auditor by %j', (groups) => {
    expect(refusalOf(USER, { groups })).toMatchObject({ code: 'insufficient_group' });
  });

  it('refuses who is in no group', () => {
    expect(refusalOf(MACHINE, { groups: { any: ['admin'] } })?.code).toBe('insufficient_group');
    expect(refusalOf(MACHINE, { groups: { none: ['suspended'] } })).toBeUndefined();
  });

  it('names no group to who is refused', () => {
    const refusal = refusalOf(USER, { groups: { all: ['board-of-directors'] } });
    expect(JSON.stringify(refusal)).not.toContain('board');
  });
});

describe('checkAccess() with scopes', () => {
  it.each([
    { all: ['orders/read'] },
    { all: ['openid', 'orders/read'] },
    { any: ['orders/read', 'orders/write'] },
    { any: ['orders/read'], all: ['openid'] },
  ])('admits the holder of openid and orders/read by %j', (scopes) => {
    expect(refusalOf(USER, { scopes })).toBeUndefined();
  });

  it.each([
    [{ all: ['orders/read', 'orders/write'] }, 'orders/read orders/write'],
    [{ any: ['orders/write', 'orders/admin'] }, 'orders/write orders/admin'],
    [{ all: ['Orders/read'] }, 'Orders/read'],
    [{ all: ['orders'] }, 'orders'],
    [{ all: ['openid'], any: ['orders/write'] }, 'openid orders/write'],
  ])('refuses the holder of openid and orders/read by %j, and names them', (scopes, named) => {
    expect(refusalOf(USER, { scopes })).toEqual({
      code: 'insufficient_scope',
      message: 'The token does not carry the scopes that this route asks for',
      challenge: `Bearer realm="api", error="insufficient_scope", error_description="The token does not carry the scopes that this route asks for", scope="${named}"`,
    });
  });

  it('refuses an ID token, which has none', () => {
    const rules = { tokenUse: ['id'] as const, scopes: { all: ['openid'] } };
    expect(refusalOf(ID_HOLDER, rules)?.code).toBe('insufficient_scope');
  });
});

describe('checkAccess() with several rules', () => {
  const rules = {
    principal: 'user',
    groups: { any: ['admin'] },
    scopes: { all: ['openid'] },
  } as const;

  it('asks for all of them', () => {
    expect(refusalOf(USER, rules)).toBeUndefined();
    expect(refusalOf(USER, { ...rules, groups: { any: ['x'] } })?.code).toBe('insufficient_group');
    expect(refusalOf(USER, { ...rules, scopes: { all: ['x'] } })?.code).toBe('insufficient_scope');
    expect(refusalOf(MACHINE, rules)?.code).toBe('wrong_principal');
  });

  it('answers for the token before it answers for its holder', () => {
    expect(refusalOf(ID_HOLDER, { ...rules, groups: { any: ['x'] } })?.code).toBe(
      'wrong_token_use',
    );
  });
});
