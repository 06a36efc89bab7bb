import { runInNewContext } from 'node:vm';
import { Controller, Get, Inject, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import {
  Authenticated,
  Check,
  CognitoAuthModule,
  CognitoAuthService,
  Groups,
  TokenUse,
} from 'nestjs-cognito-auth';
import type { AccessCheck, CognitoAuthExtras, CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { refused } from './authorization/refused.js';
import { ADAPTERS, send, startApp } from './support/app.js';
import type { Adapter } from './support/app.js';
import { refusal } from './support/refusals.js';

/** What the check under test does. */
let act: () => unknown;

@Injectable()
class OwnsOrder implements AccessCheck {
  check() {
    return act() as boolean;
  }
}

@Injectable()
class StrategyGuard implements CanActivate {
  private readonly guard: CanActivate;

  constructor(@Inject(CognitoAuthService) { strategyName }: CognitoAuthService) {
    this.guard = new (AuthGuard([strategyName]))();
  }

  canActivate(context: ExecutionContext) {
    return this.guard.canActivate(context);
  }
}

@Controller()
class OrdersController {
  @Get('orders')
  @Authenticated()
  orders() {
    return {};
  }

  @Get('admin')
  @Groups('admin')
  admin() {
    return {};
  }

  @Get('profile')
  @TokenUse('id')
  profile() {
    return {};
  }

  @Get('checked')
  @Check(OwnsOrder)
  checked() {
    return {};
  }

  @Get('passport')
  @UseGuards(StrategyGuard)
  passport() {
    return {};
  }
}

// As the log of a refusal has it: not in the form of a claim.
const ISSUER = 'localhost:9229/…f123 (http)';

let pool: LocalUserPool;
let stranger: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice' }];
  pool = await LocalUserPool.create({ userPoolId: 'eu-west-1_AbCdEf123', users });
  stranger = await LocalUserPool.create({ users });
});

type Line = [level: string, ...parts: unknown[]];

/** An application, and everything that it logs. */
async function start(adapter: Adapter, options: CognitoAuthOptions & CognitoAuthExtras = {}) {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (...parts: unknown[]) =>
      void lines.push([level, ...parts]);
  const logger = {
    log: () => undefined,
    verbose: () => undefined,
    debug: at('debug'),
    warn: at('warn'),
    error: at('error'),
  };
  const module = CognitoAuthModule.forRoot({ ...pool.options(), ...options });
  const app = await startApp(
    adapter,
    { imports: [module], controllers: [OrdersController], providers: [OwnsOrder] },
    { logger },
  );
  const boot = lines.splice(0);
  const of = (level: string) => lines.filter(([name]) => name === level);
  return { app, boot, lines, of };
}

describe.each(ADAPTERS)('The log of refused tokens on %s', (adapter) => {
  const audience = 'https://api.example.com';

  it.each<[string, string, () => string | undefined, object]>([
    [
      'wrong_issuer',
      '/orders',
      () => stranger.accessToken('alice'),
      { expects: expect.stringContaining(`the issuer ${ISSUER}`) },
    ],
    [
      'wrong_issuer',
      '/orders',
      () => pool.accessToken('alice', { audience, claims: { iss: `${pool.issuer}/` } }),
      { expects: expect.stringContaining(ISSUER) },
    ],
    [
      'wrong_client',
      '/orders',
      () => pool.accessToken('alice', { claims: { client_id: 'SECRET-client' } }),
      { expects: expect.stringMatching(/^the app client \w{4}…\w{3}$/) },
    ],
    [
      'wrong_audience',
      '/orders',
      () => pool.accessToken('alice', { audience: 'https://SECRET.example' }),
      { expects: 'the audience api.example.com (https)' },
    ],
    [
      'wrong_token_use',
      '/orders',
      () => pool.idToken('alice'),
      {
        expects: 'without @TokenUse() the token use access',
        reason: 'The token is an ID token; this route accepts an access token',
      },
    ],
    ['wrong_token_use', '/profile', () => pool.accessToken('alice', { audience }), {}],
    [
      'unknown_key',
      '/orders',
      () => stranger.accessToken('alice', { claims: { iss: pool.issuer } }),
      { expects: 'a key of the option "jwks"' },
    ],
    ['malformed_token', '/orders', () => 'SECRET.y.z', {}],
    ['invalid_signature', '/orders', () => pool.forgedToken(), {}],
    [
      'token_expired',
      '/orders',
      () => pool.accessToken('alice', { audience, expiresIn: -7 }),
      { reason: expect.stringContaining('expired') },
    ],
    ['missing_token', '/orders', () => undefined, {}],
  ])('says at debug why: %s for %s', async (code, path, tokenOf, line) => {
    const { app, lines, of } = await start(adapter, { audience });
    const token = tokenOf();
    expect(await send(app, path, token)).toMatchObject(refusal(code as 'wrong_issuer'));
    expect(of('debug')).toEqual([
      [
        'debug',
        expect.objectContaining({
          message: 'Refused',
          code,
          reason: expect.stringMatching(/^[\x20-\x7e]+$/),
          ...line,
        }),
        'CognitoGuard',
      ],
    ]);
    const text = JSON.stringify(lines);
    expect(text).not.toContain('SECRET');
    for (const part of token?.split('.').filter(({ length }) => length > 1) ?? []) {
      expect(text).not.toContain(part);
    }
  });

  it('says the same where a strategy of Passport refuses', async () => {
    const { app, of } = await start(adapter);
    expect((await send(app, '/passport', stranger.accessToken('alice'))).status).toBe(401);
    expect(of('debug')).toEqual([
      [
        'debug',
        expect.objectContaining({
          code: 'wrong_issuer',
          expects: expect.stringContaining(ISSUER),
        }),
        'CognitoGuard',
      ],
    ]);
  });

  it('says the same where CognitoAuthService refuses', async () => {
    const { app, of } = await start(adapter);
    const service = app.get(CognitoAuthService);
    for (const verifying of [
      service.verify(stranger.accessToken('alice')),
      service.authenticateConnection({}, stranger.accessToken('alice')),
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(verifying).rejects.toMatchObject({ code: 'wrong_issuer' });
    }
    const line = expect.objectContaining({ code: 'wrong_issuer', expects: expect.any(String) });
    expect(of('debug')).toEqual([
      ['debug', line, 'CognitoGuard'],
      ['debug', line, 'CognitoGuard'],
    ]);
  });

  it('warns once when nearly all refusals have one code', async () => {
    const { app, of } = await start(adapter);
    const token = stranger.accessToken('alice');
    for (let sent = 0; sent < 150; sent += 10) {
      // oxlint-disable-next-line no-await-in-loop -- few at a time
      await Promise.all(Array.from({ length: 10 }, () => send(app, '/orders', token)));
    }
    expect(of('warn')).toEqual([
      [
        'warn',
        expect.stringMatching(/^\d+ of the last \d+ refusals are wrong_issuer; this API expects/),
        'CognitoGuard',
      ],
    ]);
    expect(of('warn')[0]?.[1]).toContain(ISSUER);
  });

  it('warns of nothing while the refusals are of many kinds', async () => {
    const { app, of } = await start(adapter);
    const sent = [stranger.accessToken('alice'), 'x.y.z', pool.forgedToken(), undefined];
    const all = Array.from({ length: 120 }, (_, index) => sent[index % sent.length]);
    await Promise.all(all.map((token) => send(app, '/orders', token)));
    expect(of('warn')).toEqual([]);
  });

  it('is not filled by whoever sends garbage', async () => {
    const { app, of } = await start(adapter);
    const started = performance.now();
    await Promise.all(Array.from({ length: 200 }, () => send(app, '/orders', 'x.y.z')));
    const seconds = Math.ceil((performance.now() - started) / 1_000) + 1;
    expect(of('debug').length).toBeLessThanOrEqual(50 * seconds);
    expect(of('debug').length).toBeGreaterThan(0);
  });
});

describe.each(ADAPTERS)('The log of a hook that failed on %s', (adapter) => {
  const fails = (error: unknown) => () => {
    throw error;
  };

  it.each<[string, () => unknown, string[]]>([
    [
      'an error with causes',
      fails(
        new Error('no account', {
          cause: new Error('no connection', {
            cause: new Error('terminated', { cause: new Error('power') }),
          }),
        }),
      ),
      ['no account', 'no connection', 'terminated', 'power'],
    ],
    [
      'an AggregateError without a message',
      fails(new AggregateError([new Error('IPv4'), new Error('IPv6')])),
      ['IPv4', 'IPv6'],
    ],
    ['an object', fails({ code: 'ECONNRESET', message: 'redis is gone' }), ['ECONNRESET', 'gone']],
    ['a text', fails('the replica is read only'), ['the replica is read only']],
    ['nothing', fails(undefined), ['undefined']],
    [
      'an Error of another realm',
      () => runInNewContext('throw new Error("from Jest")') as unknown,
      ['Error: from Jest'],
    ],
    [
      'what cannot be shown',
      fails({
        [Symbol.for('nodejs.util.inspect.custom')]() {
          throw new Error('hidden');
        },
      }),
      ['cannot be shown'],
    ],
  ])('names the hook and the reason: %s', async (_, failing, texts) => {
    const { app, of } = await start(adapter, {
      identity: { useValue: { resolve: failing as never } },
    });
    expect((await send(app, '/orders', pool.accessToken('alice'))).status).toBe(503);
    expect(of('error')).toEqual([
      [
        'error',
        expect.objectContaining({ code: 'hook_failed', hook: 'identity' }),
        expect.any(String),
        'CognitoGuard',
      ],
    ]);
    for (const text of texts) expect(of('error')[0]?.[2]).toContain(text);
  });

  it('names the class of a check', async () => {
    act = fails(new Error('no connection'));
    const { app, of } = await start(adapter);
    expect((await send(app, '/checked', pool.accessToken('alice'))).status).toBe(503);
    expect(of('error')[0]?.[1]).toMatchObject({ hook: 'check OwnsOrder' });
  });

  it('names the hook where a strategy of Passport fails', async () => {
    const groups = { useValue: { groupsOf: fails('no connection') } };
    const { app, of } = await start(adapter, { groups });
    expect((await send(app, '/passport', pool.accessToken('alice'))).status).toBe(503);
    expect(of('error')[0]).toMatchObject([
      'error',
      { code: 'hook_failed', hook: 'groups' },
      expect.stringContaining('no connection'),
      'CognitoGuard',
    ]);
  });

  it('shows a token in pieces nowhere', async () => {
    const token = pool.accessToken('alice');
    const pieces = token.match(/.{1,64}/g) ?? [];
    const failing = fails(Object.assign(new Error(pieces.join('\n')), { sent: pieces }));
    const { app, of } = await start(adapter, {
      identity: { useValue: { resolve: failing } },
    });
    expect((await send(app, '/orders', token)).status).toBe(503);
    const text = JSON.stringify(of('error'));
    for (const piece of pieces) expect(text).not.toContain(piece.slice(0, 16));
    expect(text).toContain('[part of the token]');
  });

  it('shows ten of a kind in a minute, and says that there are more', async () => {
    const failing = fails(new Error('the store is down'));
    const hooks = {
      revocation: { useValue: { isRevoked: failing, revoke: async () => undefined } },
    };
    const { app, of } = await start(adapter, hooks);
    const token = pool.accessToken('alice');
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => send(app, '/orders', token)),
    );
    for (const answer of answers) expect(answer).toMatchObject(refused('hook_failed'));
    const full = of('error').filter(([, line]) => typeof line === 'object');
    expect(full).toHaveLength(10);
    for (const line of full) expect(line[2]).toContain('the store is down');
    expect(
      of('error')
        .slice(10)
        .map(([, line]) => line),
    ).toEqual([
      'Refused with hook_failed of revocation: more of these are not logged for a minute',
    ]);
  });

  it('counts each hook by itself', async () => {
    const isBroken = { identity: true };
    const resolve = () => {
      if (isBroken.identity) throw new Error('no account');
      return { id: 1 };
    };
    act = fails(new Error('no orders'));
    const { app, of } = await start(adapter, { identity: { useValue: { resolve } } });
    const token = pool.accessToken('alice');
    await Promise.all(Array.from({ length: 12 }, () => send(app, '/checked', token)));
    isBroken.identity = false;
    await send(app, '/checked', token);
    expect(of('error')).toHaveLength(12);
    expect(of('error').at(-1)?.[1]).toMatchObject({ hook: 'check OwnsOrder' });
  });

  it('shows the token nowhere, and no credentials of clients', async () => {
    const token = pool.accessToken('alice');
    const parts = token.split('.');
    const long = `${'x'.repeat(9_900)}${token}`;
    const failing = fails(
      Object.assign(new Error(`GET /?token=${token}`, { cause: new Error(parts[1]) }), {
        config: { headers: { authorization: 'Basic PASSWORD' } },
        sent: [token, parts[2]],
        long,
      }),
    );
    const { app, lines } = await start(adapter, {
      identity: { useValue: { resolve: failing } },
    });
    expect((await send(app, '/orders', token)).status).toBe(503);
    const text = JSON.stringify(lines);
    for (const part of parts) expect(text).not.toContain(part.slice(0, 60));
    expect(text).not.toContain('PASSWORD');
    expect(text.length).toBeLessThan(15_000);
  });
});

describe.each(ADAPTERS)('The log of the boot on %s', (adapter) => {
  it('says at debug what is accepted', async () => {
    const { boot } = await start(adapter, {
      clientId: ['web', 'cli'],
      audience: 'https://a.example',
    });
    expect(boot).toContainEqual([
      'debug',
      `Accepts access tokens of the user pool "eu-west-1_AbCdEf123", issued by ${pool.issuer}, for the app client web or cli, for the audience https://a.example`,
      'CognitoAuthModule',
    ]);
  });
});

describe('The log of the boot', () => {
  it('says at debug which app clients have audiences of their own', async () => {
    const own = ['https://a.example', 'https://b.example'];
    const clientId = [
      'web',
      { clientId: 'cli', audience: own },
      { clientId: 'job', audience: null },
    ];
    const { boot } = await start('express', { clientId, audience: 'https://c.example' });
    expect(boot).toContainEqual([
      'debug',
      expect.stringMatching(
        /, for the app client web or cli or job, for the audience https:..c.example, with the app client cli for the audience https:..a.example or https:..b.example, with the app client job for no audience$/,
      ),
      'CognitoAuthModule',
    ]);
  });
});

describe('The log of an API with several user pools', () => {
  it('says what each of them expects', async () => {
    const { app, of } = await start('express', {
      userPoolId: undefined,
      clientId: undefined,
      issuer: undefined,
      jwks: undefined,
      userPools: [
        { ...pool.options(), name: 'staff' },
        { ...stranger.options(), name: 'customers', clientId: null },
      ],
    });
    const token = pool.accessToken('alice', { claims: { client_id: 'other' } });
    expect((await send(app, '/orders', token)).code).toBe('wrong_client');
    expect(of('debug')[0]?.[1]).toMatchObject({
      expects: expect.stringMatching(
        /^the app client \w{4}…\w{3} \(user pool "staff"\), any \(user pool "customers"\)$/,
      ),
    });
  });
});
