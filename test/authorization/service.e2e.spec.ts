import { runInNewContext } from 'node:vm';
import { NestFactory } from '@nestjs/core';
import { CognitoAuthModule, CognitoAuthService, onGraphqlConnect } from 'nestjs-cognito-auth';
import type {
  CognitoAuthErrorCode,
  CognitoAuthExtras,
  CognitoAuthOptions,
  CognitoPrincipal,
  VerifyRules,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';

let staff: LocalUserPool;
let customers: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin', 'support'] }, { username: 'bob' }];
  staff = await LocalUserPool.create({ users });
  customers = await LocalUserPool.create({ users });
});

/** The service of an application without a server. */
async function serviceWith(options: CognitoAuthOptions & CognitoAuthExtras) {
  const module = CognitoAuthModule.forRoot(options);
  const context = await NestFactory.createApplicationContext(module, {
    logger: false,
    abortOnError: false,
  });
  onTestFinished(() => context.close());
  return context.get(CognitoAuthService);
}

const twoPools = (): CognitoAuthOptions => ({
  userPools: [
    staff.options({ name: 'staff', tokenUse: 'id' as const }),
    customers.options({ name: 'customers' }),
  ],
});

/** Who a token speaks for, or the code of the refusal. */
async function outcomeOf(verifying: Promise<CognitoPrincipal>): Promise<string> {
  return verifying.then(
    ({ userPool }) => userPool,
    (error: Error & { code?: CognitoAuthErrorCode }) => error.code ?? error.message,
  );
}

describe('CognitoAuthService.verify()', () => {
  it.each<[string, VerifyRules, string, string, string]>([
    ['no rules', {}, 'staff', 'wrong_token_use', 'customers'],
    ['one user pool', { userPools: ['staff'] }, 'staff', 'wrong_token_use', 'wrong_issuer'],
    [
      'both user pools',
      { userPools: ['staff', 'customers'] },
      'staff',
      'wrong_token_use',
      'customers',
    ],
    ['a kind of token', { tokenUse: 'access' }, 'wrong_token_use', 'staff', 'customers'],
    ['both kinds of token', { tokenUse: ['access', 'id'] }, 'staff', 'staff', 'customers'],
    [
      'any of the groups',
      { groups: ['admin', 'x'] },
      'staff',
      'wrong_token_use',
      'insufficient_group',
    ],
    [
      'no group',
      { groups: { none: ['admin'] } },
      'insufficient_group',
      'wrong_token_use',
      'customers',
    ],
    [
      'all of the scopes',
      { scopes: ['openid'] },
      'insufficient_scope',
      'wrong_token_use',
      'customers',
    ],
    [
      'more scopes',
      { scopes: ['openid', 'x'] },
      'insufficient_scope',
      'wrong_token_use',
      'insufficient_scope',
    ],
    [
      'any of the scopes',
      { scopes: { any: ['openid', 'x'] } },
      'insufficient_scope',
      'wrong_token_use',
      'customers',
    ],
    ['a machine', { principal: 'client' }, 'wrong_principal', 'wrong_token_use', 'wrong_principal'],
    [
      'rules that are undefined',
      { groups: undefined, userPools: undefined, scopes: undefined },
      'staff',
      'wrong_token_use',
      'customers',
    ],
  ])('asks for %s', async (_, rules, ofStaff, ofStaffByAccess, ofCustomer) => {
    const service = await serviceWith(twoPools());
    // An ID token and an access token of an admin, and an access token of a customer.
    const tokens = [
      staff.idToken('alice'),
      staff.accessToken('alice', { scopes: ['openid'] }),
      customers.accessToken('bob', { scopes: ['openid'] }),
    ];
    const outcomes = await Promise.all(
      tokens.map((token) => outcomeOf(service.verify(token, rules))),
    );
    expect(outcomes).toEqual([ofStaff, ofStaffByAccess, ofCustomer]);
  });

  it.each<[string, unknown]>([
    ['groups', 'admin'],
    ['groups', { any: 'admin' }],
    ['groups', { anyOf: ['admin'] }],
    ['groups', ['admin', 7]],
    ['groups', null],
    ['groups', 7],
    ['scopes', 'openid'],
    ['scopes', { none: ['openid'] }],
    ['groups', ''],
    ['groups', []],
    ['groups', {}],
    ['groups', { any: [] }],
    ['groups', { any: undefined }],
    ['groups', { any: ['admin'], none: [] }],
    ['groups', ['']],
    // oxlint-disable-next-line no-sparse-arrays -- what a typing error leaves behind
    ['groups', [, 'admin']],
    ['groups', new Set(['admin'])],
    ['groups', false],
    ['scopes', []],
    ['scopes', {}],
    ['scopes', { all: [] }],
    ['scopes', ['openid email']],
    ['scopes', ''],
    ['userPools', []],
    ['userPools', ''],
    ['userPools', false],
    ['tokenUse', []],
    ['tokenUse', ''],
    ['tokenUse', 'refresh'],
    ['tokenUse', ['access', 'refresh']],
    ['principal', ''],
    ['principal', 'machine'],
    ['principal', null],
    ['principal', false],
    ['', ['admin']],
    ['userPools', 'staff customers'],
    ['userPools', { any: ['staff'] }],
    ['tokenUse', 7],
    ['tokenUse', null],
    ['principal', ['user']],
    ['group', ['admin']],
    ['permissions', ['a']],
    ['mode', 'optional'],
    ['constructor', ['a']],
  ])('rejects with a TypeError when the rule %s is %o, and admits nobody', async (name, rule) => {
    const service = await serviceWith(customers.options());
    const verifying = service.verify(customers.accessToken('alice'), { [name]: rule });
    await expect(verifying).rejects.toThrow(TypeError);
    await expect(verifying).rejects.toThrow(
      `CognitoAuthService.verify(): "${name}" is not a rule it can check`,
    );
  });

  it('says what to write instead', async () => {
    const service = await serviceWith(customers.options());
    const messageFor = async (rules: object) =>
      service.verify(customers.accessToken('alice'), rules).catch(String);
    expect(await messageFor({ groups: {} })).toBe(
      'TypeError: CognitoAuthService.verify(): "groups" is not a rule it can check; it takes a list of one or more non-empty names, or an object with any, all, none as non-empty lists of them',
    );
    expect(await messageFor({ principal: 'machine' })).toMatch(/; it takes 'user' or 'client'$/);
    expect(await messageFor({ tokenUse: [] })).toMatch(
      /; it takes 'access', 'id' or a list of both$/,
    );
    expect(await messageFor({ permissions: ['a'] })).toMatch(
      /; the rules are userPools, tokenUse, principal, groups, scopes$/,
    );
  });

  it('knows the user pools, and admits nobody for one that there is not', async () => {
    const service = await serviceWith(twoPools());
    const token = customers.accessToken('bob', { scopes: ['openid'] });
    for (const userPools of [['stuff'], ['customers', 'stuff'], [customers.userPoolId, '']]) {
      const verifying = service.verify(token, { userPools });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verifying).rejects.toThrow(TypeError);
    }
    await expect(service.verify(token, { userPools: ['stuff'] })).rejects.toThrow(
      'CognitoAuthService.verify(): "userPools" names "stuff"; the user pools are "staff", "customers"',
    );
  });

  it.each<[string, unknown]>([
    ['a list', []],
    ['a map', new Map([['groups', ['admin']]])],
    ['a text', ''],
    ['a truth', true],
    ['nothing', null],
    ['rules that are inherited', Object.create({ groups: ['x'] })],
  ])('rejects with a TypeError for %s in place of rules', async (_, rules) => {
    const service = await serviceWith(customers.options());
    const token = customers.accessToken('alice');
    const takes = /takes its rules as an object like \{ groups: \['admin'\] \}/;
    await expect(service.verify(token, rules as never)).rejects.toThrow(takes);
    await expect(service.authenticateConnection({}, token, rules as never)).rejects.toThrow(takes);
  });

  it('holds a connection to the same checks, and leaves it without a token', async () => {
    const service = await serviceWith(customers.options());
    const connection = {};
    const authenticating = service.authenticateConnection(
      connection,
      customers.accessToken('alice'),
      { scopes: [] },
    );
    await expect(authenticating).rejects.toThrow(TypeError);
    expect(connection).toEqual({});
  });

  it('holds onGraphqlConnect() to the same checks, when it is called', async () => {
    const service = await serviceWith(customers.options());
    expect(() => onGraphqlConnect(service, { groups: {} })).toThrow(
      'onGraphqlConnect(): "groups" is not a rule it can check',
    );
    expect(() => onGraphqlConnect(service, { userPools: ['stuff'] })).toThrow(TypeError);
    expect(onGraphqlConnect(service, { groups: ['admin'] })).toBeTypeOf('function');
  });

  it('takes rules of another realm', async () => {
    const service = await serviceWith(customers.options());
    const rules = runInNewContext(`({ groups: ['admin'], tokenUse: 'access' })`) as object;
    expect(await outcomeOf(service.verify(customers.accessToken('alice'), rules))).toBe(
      customers.userPoolId,
    );
  });

  describe('with hooks', () => {
    let asked: string[];

    beforeEach(() => {
      asked = [];
    });

    const hooks = (failing?: string): CognitoAuthExtras => {
      const answer = (name: string, value: unknown) => () => {
        asked.push(name);
        if (failing === name) throw new Error('no connection');
        return value as never;
      };
      const revoke = async () => undefined;
      return {
        groups: { useValue: { groupsOf: answer('groups', ['sales']) } },
        identity: { useValue: { resolve: answer('identity', null) } },
        permissions: { useValue: { permissionsOf: answer('permissions', []) } },
        revocation: { useValue: { isRevoked: answer('revocation', false), revoke } },
      };
    };

    it('asks those for revocation and groups, and no other', async () => {
      const service = await serviceWith({ ...customers.options(), ...hooks() });
      const token = customers.accessToken('alice');
      expect(await service.verify(token, { groups: ['sales'] })).toMatchObject({
        username: 'alice',
        groups: ['sales'],
        claims: { 'cognito:groups': ['admin', 'support'] },
      });
      expect(asked).toEqual(['revocation', 'groups']);
      expect(await outcomeOf(service.verify(token, { groups: ['admin'] }))).toBe(
        'insufficient_group',
      );
    });

    it('asks none about a token that it does not accept', async () => {
      const service = await serviceWith({ ...customers.options(), ...hooks() });
      expect(await outcomeOf(service.verify(customers.idToken('alice')))).toBe('wrong_token_use');
      expect(await outcomeOf(service.verify(customers.forgedToken()))).toBe('invalid_signature');
      expect(asked).toEqual([]);
    });

    it.each(['revocation', 'groups'])('rejects when that for %s fails', async (failing) => {
      const service = await serviceWith({ ...customers.options(), ...hooks(failing) });
      await expect(service.verify(customers.accessToken('alice'))).rejects.toMatchObject({
        code: 'hook_failed',
        retryAfter: 1,
        cause: { message: 'no connection' },
      });
    });
  });
});
