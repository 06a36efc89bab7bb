import type { INestApplication } from '@nestjs/common';
import { CognitoAuthModule } from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send } from './support/app.js';
import type { Adapter } from './support/app.js';
import { refusal } from './support/refusals.js';
import {
  OpenController,
  RulesOnClassController,
  SingleRulesController,
} from './support/ruled.controllers.js';

type Outcome = 'user' | 'client' | 'anonymous' | CognitoAuthErrorCode;

const SENDERS = ['nobody', 'alice', 'bob', 'alice by ID token', 'a machine', 'a stranger'] as const;

/** What each of the senders above gets. */
type Outcomes = [Outcome, Outcome, Outcome, Outcome, Outcome, Outcome];

const NONE = 'missing_token';
const USE = 'wrong_token_use';
const GROUP = 'insufficient_group';
const SCOPE = 'insufficient_scope';
const WHO = 'wrong_principal';
const BAD = 'invalid_signature';

// alice is in admin and Auditor, and has the scope openid; bob is in no group, and has openid and
// orders/read, as the machine; the stranger made a token with a key of their own.
const ROUTES: [path: string, outcomes: Outcomes, scopes?: string[]][] = [
  ['/single/authenticated', [NONE, 'user', 'user', USE, 'client', BAD]],
  ['/single/guarded', [NONE, 'user', 'user', USE, 'client', BAD]],
  ['/single/groups', [NONE, 'user', GROUP, USE, GROUP, BAD]],
  ['/single/all-groups', [NONE, 'user', GROUP, USE, GROUP, BAD]],
  ['/single/no-group', [NONE, GROUP, 'user', USE, 'client', BAD]],
  ['/single/group-of-another-case', [NONE, GROUP, GROUP, USE, GROUP, BAD]],
  ['/single/scopes', [NONE, SCOPE, 'user', USE, 'client', BAD], ['openid', 'orders/read']],
  ['/single/any-scope', [NONE, SCOPE, 'user', USE, 'client', BAD], ['orders/read', 'orders/write']],
  ['/single/id', [NONE, USE, USE, 'user', USE, BAD]],
  ['/single/both-kinds', [NONE, 'user', 'user', 'user', 'client', BAD]],
  ['/single/users', [NONE, 'user', 'user', USE, WHO, BAD]],
  ['/single/clients', [NONE, WHO, WHO, USE, 'client', BAD]],
  ['/single/public', Array(6).fill('anonymous') as Outcomes],
  ['/single/optional', ['anonymous', 'user', 'user', USE, 'client', BAD]],
  ['/single/combined', [NONE, 'user', GROUP, USE, WHO, BAD], ['openid']],
  ['/class/inherited', [NONE, 'user', GROUP, USE, GROUP, BAD], ['openid']],
  ['/class/replaced', [NONE, SCOPE, GROUP, USE, GROUP, BAD], ['orders/read']],
  ['/class/all-replaced', [NONE, SCOPE, 'user', USE, 'client', BAD], ['orders/read']],
  ['/class/added', [NONE, 'user', GROUP, SCOPE, GROUP, BAD], ['openid']],
  ['/class/public', Array(6).fill('anonymous') as Outcomes],
  ['/class/optional', ['anonymous', 'user', GROUP, USE, GROUP, BAD], ['openid']],
  ['/open/inherited', Array(6).fill('anonymous') as Outcomes],
  ['/open/ruled', [NONE, 'user', GROUP, USE, GROUP, BAD]],
  ['/open/guarded', [NONE, 'user', 'user', USE, 'client', BAD]],
];

const UNGUARDED: [string, Outcomes] = ['/single/nothing', Array(6).fill('anonymous') as Outcomes];
const PROTECTED: [string, Outcomes] = [
  '/single/nothing',
  [NONE, 'user', 'user', USE, 'client', BAD],
];

let tokens: (string | undefined)[];
let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['admin', 'Auditor'] }, { username: 'bob' }],
  });
  tokens = [
    undefined,
    pool.accessToken('alice', { scopes: ['openid'] }),
    pool.accessToken('bob', { scopes: ['openid', 'orders/read'] }),
    pool.idToken('alice'),
    pool.clientToken({ scopes: ['openid', 'orders/read'] }),
    pool.forgedToken({ username: 'alice', scopes: ['openid'] }),
  ];
});

const CASES = [
  ...ADAPTERS.map((adapter) => ({ adapter, protectAll: false, routes: [...ROUTES, UNGUARDED] })),
  ...ADAPTERS.map((adapter) => ({ adapter, protectAll: true, routes: [...ROUTES, PROTECTED] })),
];

describe.each(CASES)('Rules on $adapter, protectAll $protectAll', ({ routes, ...setup }) => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await appWith(setup);
  });

  afterAll(() => app.close());

  it.each(routes)('%s answers %j', async (path, outcomes, scopes) => {
    const answers = await Promise.all(tokens.map((token) => send(app, path, token)));
    const expected = outcomes.map((outcome) => expectedOf(outcome, scopes));
    expect(bySender(answers)).toMatchObject(bySender(expected));
  });
});

function appWith({ adapter, protectAll }: { adapter: Adapter; protectAll: boolean }) {
  return createApp(adapter, {
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), protectAll })],
    controllers: [SingleRulesController, RulesOnClassController, OpenController],
  });
}

function bySender(answers: object[]): object {
  return Object.fromEntries(SENDERS.map((sender, index) => [sender, answers[index]]));
}

function expectedOf(outcome: Outcome, scopes?: string[]): object {
  if (outcome === 'user' || outcome === 'client' || outcome === 'anonymous') {
    return { status: 200, challenge: undefined, body: { caller: outcome } };
  }
  return refusal(outcome, { scopes });
}
