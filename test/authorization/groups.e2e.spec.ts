import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  Claims,
  CognitoAuthModule,
  Groups,
  OptionalAuth,
  Permissions,
  Principal,
  TokenUse,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal, GroupsProvider } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send } from '../support/app.js';
import { refusal } from '../support/refusals.js';

@Controller()
class TeamsController {
  @Get('any')
  @Groups('support', 'sales')
  any() {
    return {};
  }

  @Get('all')
  @Groups({ all: ['support', 'sales'] })
  all() {
    return {};
  }

  @Get('none')
  @Groups({ none: ['admin'] })
  none() {
    return {};
  }

  @Get('admin')
  @Groups('admin')
  admin() {
    return {};
  }

  @Get('permitted')
  @Permissions('group:support')
  permitted() {
    return {};
  }

  @Get('who')
  @TokenUse('access', 'id')
  who(@Principal() principal: CognitoPrincipal, @Claims('cognito:groups') claim?: string[]) {
    return { groups: principal.groups, claim, isFrozen: Object.isFrozen(principal.groups) };
  }

  @Get('optional')
  @OptionalAuth()
  optional() {
    return {};
  }
}

const OK = { status: 200 };

// In the claim `cognito:groups` alice is an admin, and the others are in no group.
const directory: Record<string, string[]> = {
  alice: ['support'],
  bob: ['admin', 'sales', 'support'],
};

let calls: CognitoPrincipal[];
const groups: GroupsProvider = {
  groupsOf: async (principal) => {
    calls.push(principal);
    return principal.kind === 'user' ? (directory[principal.username] ?? []) : ['machines'];
  },
};

describe.each(ADAPTERS)('The groups hook on %s', (adapter) => {
  let pool: LocalUserPool;
  let app: INestApplication;

  beforeAll(async () => {
    pool = await LocalUserPool.create({
      users: [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }, { username: 'carol' }],
    });
    const module = CognitoAuthModule.forRoot({
      ...pool.options(),
      groups: { useValue: groups },
      identity: { useValue: { resolve: (principal) => ({ groups: principal.groups }) } },
      permissions: {
        useValue: { permissionsOf: (principal) => principal.groups.map((name) => `group:${name}`) },
      },
    });
    app = await createApp(adapter, { imports: [module], controllers: [TeamsController] });
  });

  beforeEach(() => {
    calls = [];
  });

  afterAll(() => app.close());

  it.each([
    ['/any', 'alice', OK],
    ['/any', 'bob', OK],
    ['/any', 'carol', refusal('insufficient_group')],
    ['/all', 'alice', refusal('insufficient_group')],
    ['/all', 'bob', OK],
    ['/none', 'alice', OK],
    ['/none', 'bob', refusal('insufficient_group')],
    ['/none', 'carol', OK],
    ['/admin', 'alice', refusal('insufficient_group')],
    ['/admin', 'bob', OK],
    ['/permitted', 'alice', OK],
    ['/permitted', 'carol', { status: 403, code: 'insufficient_permission' }],
  ])('decides at %s about %s in place of the claim', async (path, username, expected) => {
    const token = pool.accessToken(username);
    expect(await send(app, path, token)).toMatchObject(expected);
    expect(await send(app, path, token)).toMatchObject(expected);
    expect(calls).toHaveLength(2);
  });

  it('is what the principal says, while the claims stay as Cognito sent them', async () => {
    for (const token of [pool.accessToken('alice'), pool.idToken('alice')]) {
      expect(await send(app, '/who', token)).toMatchObject({
        body: { groups: ['support'], claim: ['admin'], isFrozen: true },
      });
    }
  });

  it('is asked about machines, too', async () => {
    expect(await send(app, '/who', pool.clientToken())).toMatchObject({
      body: { groups: ['machines'] },
    });
  });

  it('hands out a list that the principal does not keep', async () => {
    const list = (directory['carol'] = ['sales']);
    const answer = send(app, '/any', pool.accessToken('carol'));
    expect(await answer).toMatchObject(OK);
    list.length = 0;
    expect(await send(app, '/any', pool.accessToken('carol'))).toMatchObject(
      refusal('insufficient_group'),
    );
    delete directory['carol'];
  });

  it('is not asked without a token', async () => {
    expect(await send(app, '/optional')).toMatchObject(OK);
    expect(await send(app, '/any')).toMatchObject(refusal('missing_token'));
    expect(calls).toEqual([]);
  });
});
