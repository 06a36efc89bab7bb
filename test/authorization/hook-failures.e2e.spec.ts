import { Controller, Get, HttpException, HttpStatus } from '@nestjs/common';
import {
  Check,
  CognitoAuthError,
  CognitoAuthModule,
  Groups,
  Permissions,
} from 'nestjs-cognito-auth';
import type { CognitoAuthExtras } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { refused } from './refused.js';

type HookName = 'identity' | 'groups' | 'permissions' | 'revocation' | 'check';

const HOOKS: HookName[] = ['identity', 'groups', 'permissions', 'revocation', 'check'];

/** What the hook under test does, whatever its kind. */
let act: () => unknown;

@Controller()
class OrdersController {
  @Get('orders')
  @Groups('admin')
  @Permissions('orders:read')
  @Check(() => act() as boolean)
  orders() {
    return { orders: [] };
  }

  @Get('unchecked')
  @Groups('admin')
  @Permissions('orders:read')
  unchecked() {
    return { orders: [] };
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice', groups: ['admin'] }] });
});

/** All hooks; the one under test acts, the others are content. */
function extrasOf(hook: HookName): CognitoAuthExtras {
  const or = (name: HookName, otherwise: unknown) => () =>
    (name === hook ? act() : otherwise) as never;
  return {
    identity: { useValue: { resolve: or('identity', { id: 1 }) } },
    groups: { useValue: { groupsOf: or('groups', ['admin']) } },
    permissions: { useValue: { permissionsOf: or('permissions', ['orders:read']) } },
    revocation: {
      useValue: { isRevoked: or('revocation', false), revoke: async () => undefined },
    },
  };
}

/** An application, and the lines that it logs as errors. */
async function startWith(adapter: Adapter, hook: HookName) {
  const errors: unknown[][] = [];
  const everything: unknown[] = [];
  const note = (...line: unknown[]) => everything.push(line);
  const error = (...line: unknown[]) => {
    errors.push(line);
    note(...line);
  };
  const logger = { log: note, warn: note, debug: note, verbose: note, error };
  const module = CognitoAuthModule.forRoot({ ...pool.options(), ...extrasOf(hook) });
  const metadata = { imports: [module], controllers: [OrdersController] };
  const app = await startApp(adapter, metadata, { logger });
  return { app, errors, logged: () => JSON.stringify(everything) };
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Whatever one does with it throws. */
function hostileProxy(): object {
  const traps = Object.getOwnPropertyNames(Reflect).map((trap) => [trap, () => fail()]);
  return new Proxy({}, Object.fromEntries(traps) as ProxyHandler<object>);
}

function fail(): never {
  throw new Error('trap');
}

const pathFor = (hook: HookName) => (hook === 'check' ? '/orders' : '/unchecked');

describe.each(ADAPTERS)('A hook that fails on %s', (adapter) => {
  describe.each(HOOKS)('as %s', (hook) => {
    it.each<[string, () => unknown]>([
      [
        'throws',
        () => {
          throw new Error('no connection');
        },
      ],
      [
        'rejects',
        async () => {
          throw new TypeError('no connection');
        },
      ],
      [
        'throws a text',
        () => {
          throw 'no connection';
        },
      ],
      ['rejects with nothing', () => Promise.reject()],
      [
        'throws what is no HTTP error',
        () => {
          throw { status: 200, message: 'fine' };
        },
      ],
    ])('answers 503 when it %s', async (_, failing) => {
      act = failing;
      const { app } = await startWith(adapter, hook);
      expect(await send(app, pathFor(hook), pool.accessToken('alice'))).toMatchObject(
        refused('hook_failed', `Access cannot be decided at the moment (${hook}); try again later`),
      );
    });

    it.each<[string, () => object]>([
      ['a proxy that is revoked', revokedProxy],
      ['a proxy whose traps throw', hostileProxy],
      ['an object whose prototype is such a proxy', () => Object.create(hostileProxy()) as object],
    ])('answers 503 when it throws or gives %s', async (_, make) => {
      const { app, errors } = await startWith(adapter, hook);
      const failures = [
        () => {
          throw make();
        },
        () => Promise.reject(make()),
        () => make(),
      ];
      for (const failing of failures) {
        act = failing;
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await send(app, pathFor(hook), pool.accessToken('alice'))).toMatchObject(
          refused('hook_failed'),
        );
      }
      expect(errors[0]).toEqual([
        expect.objectContaining({ code: 'hook_failed', hook }),
        expect.stringMatching(/./),
        'CognitoGuard',
      ]);
    });

    it('passes on what it throws as an HttpException', async () => {
      act = () => {
        throw new HttpException({ reason: 'The account is closed' }, HttpStatus.GONE);
      };
      const { app, errors } = await startWith(adapter, hook);
      expect(await send(app, pathFor(hook), pool.accessToken('alice'))).toMatchObject({
        status: 410,
        challenge: undefined,
        body: { reason: 'The account is closed' },
      });
      expect(errors).toEqual([]);
    });

    it('passes on what it throws as a CognitoAuthError, with its challenge', async () => {
      act = async () => {
        throw new CognitoAuthError('unknown_user', 'The account is closed');
      };
      const { app } = await startWith(adapter, hook);
      expect(await send(app, pathFor(hook), pool.accessToken('alice'))).toMatchObject(
        refused('unknown_user', 'The account is closed'),
      );
    });

    it('is logged with what the token says, and never with the token', async () => {
      const token = pool.accessToken('alice');
      act = () => {
        throw new Error(`GET /accounts?access_token=${token} failed`);
      };
      const { app, errors, logged } = await startWith(adapter, hook);
      await send(app, pathFor(hook), token);
      const { jti, sub } = claimsOf(token);
      expect(errors).toEqual([
        [
          { message: 'Refused', code: 'hook_failed', hook, jti, sub, userPool: pool.userPoolId },
          expect.stringMatching(/^Error: GET \/accounts\?access_token=\[token\] failed\n +at /),
          'CognitoGuard',
        ],
      ]);
      for (const part of token.split('.')) expect(logged()).not.toContain(part);
    });

    it('opens the door again once it works', async () => {
      let isBroken = true;
      const fine = {
        identity: {},
        groups: ['admin'],
        permissions: ['orders:read'],
        revocation: false,
        check: true,
      };
      act = () => {
        if (isBroken) throw new Error('no connection');
        return fine[hook];
      };
      const { app } = await startWith(adapter, hook);
      const token = pool.accessToken('alice');
      expect(await send(app, pathFor(hook), token)).toMatchObject(refused('hook_failed'));
      isBroken = false;
      expect(await send(app, pathFor(hook), token)).toMatchObject({ status: 200 });
    });
  });

  it.each<[HookName, unknown]>(
    (['groups', 'permissions'] as const).flatMap((hook) =>
      [
        undefined,
        null,
        'admin',
        'orders:read',
        7,
        {},
        { length: 0 },
        ['admin', 7],
        [['admin']],
        new Set(['admin']),
        [null],
      ].map((bad): [HookName, unknown] => [hook, bad]),
    ),
  )('answers 503 when %s returns %o', async (hook, bad) => {
    act = async () => bad;
    const { app } = await startWith(adapter, hook);
    expect(await send(app, '/unchecked', pool.accessToken('alice'))).toMatchObject(
      refused('hook_failed'),
    );
  });

  it.each([undefined, null, 0, 1, '', 'false', 'no', {}])(
    'answers 503 when a revocation store says neither yes nor no, but %o',
    async (bad) => {
      act = () => bad;
      const { app } = await startWith(adapter, 'revocation');
      expect(await send(app, '/unchecked', pool.accessToken('alice'))).toMatchObject(
        refused('hook_failed'),
      );
    },
  );
});

describe('A hook that works', () => {
  it.each<[HookName, unknown]>([
    ['identity', { id: 1 }],
    ['groups', ['admin']],
    ['permissions', ['orders:read']],
    ['revocation', false],
    ['check', true],
  ])('may answer at once or later: %s', async (hook, answer) => {
    for (const answering of [() => answer, async () => answer]) {
      act = answering;
      const { app } = await startWith('express', hook);
      expect(await send(app, pathFor(hook), pool.accessToken('alice'))).toMatchObject({
        status: 200,
      });
    }
  });

  it('logs nothing but the code when it refuses', async () => {
    act = () => true;
    const { app, errors, logged } = await startWith('express', 'revocation');
    const token = pool.accessToken('alice');
    expect(await send(app, '/unchecked', token)).toMatchObject({
      status: 401,
      code: 'token_revoked',
    });
    expect(errors).toEqual([]);
    expect(logged()).toContain('token_revoked');
    for (const part of token.split('.')) expect(logged()).not.toContain(part);
    expect(await send(app, '/unchecked')).toMatchObject(refusal('missing_token'));
  });
});

function claimsOf(token: string) {
  const payload = token.split('.')[1] ?? '';
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string; sub: string };
}
