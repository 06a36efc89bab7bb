import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  Authenticated,
  CognitoAuthModule,
  OptionalAuth,
  Principal,
  TokenUse,
  UserPool,
} from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from '../support/app.js';
import { refusal } from '../support/refusals.js';

function answerTo(principal?: CognitoPrincipal) {
  return { userPool: principal?.userPool ?? 'anonymous' };
}

@Controller('methods')
class RulesOnMethodsController {
  @Get('any')
  @Authenticated()
  any(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('staff')
  @UserPool('staff')
  staff(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('people')
  @UserPool('staff', 'customers')
  people(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('partners')
  @UserPool('eu-west-1_Partners1')
  partners(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('access-tokens')
  @TokenUse('access')
  accessTokens(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('guests-and-staff')
  @OptionalAuth()
  @UserPool('staff')
  guestsAndStaff(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }
}

@Controller('class')
@UserPool('staff')
class RuleOnClassController {
  @Get('inherited')
  inherited(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('replaced')
  @UserPool('customers')
  replaced(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('optional')
  @OptionalAuth()
  optional(@Principal() principal?: CognitoPrincipal) {
    return answerTo(principal);
  }
}

type Outcome = 'staff' | 'customers' | 'eu-west-1_Partners1' | 'anonymous' | CognitoAuthErrorCode;

const SENDERS = ['nobody', 'staff', 'staff by access token', 'a customer', 'a partner'] as const;
type Outcomes = [Outcome, Outcome, Outcome, Outcome, Outcome];

const PARTNER = 'eu-west-1_Partners1';
const NONE = 'missing_token';
const POOL = 'wrong_issuer';
const USE = 'wrong_token_use';

// The pool of the staff accepts ID tokens, the others access tokens.
const ROUTES: [path: string, outcomes: Outcomes][] = [
  ['/methods/any', [NONE, 'staff', USE, 'customers', PARTNER]],
  ['/methods/staff', [NONE, 'staff', USE, POOL, POOL]],
  ['/methods/people', [NONE, 'staff', USE, 'customers', POOL]],
  ['/methods/partners', [NONE, POOL, POOL, POOL, PARTNER]],
  ['/methods/access-tokens', [NONE, USE, 'staff', 'customers', PARTNER]],
  ['/methods/guests-and-staff', [NONE, 'staff', USE, POOL, POOL]],
  ['/class/inherited', [NONE, 'staff', USE, POOL, POOL]],
  ['/class/replaced', [NONE, POOL, POOL, 'customers', POOL]],
  ['/class/optional', ['anonymous', 'staff', USE, POOL, POOL]],
];

const users = [{ username: 'alice' }];
let staff: LocalUserPool;
let customers: LocalUserPool;
let partners: LocalUserPool;

function userPools() {
  return [
    staff.options({ name: 'staff', tokenUse: 'id' as const }),
    customers.options({ name: 'customers', clientId: 'shop' }),
    partners.options(),
  ];
}

beforeAll(async () => {
  [staff, customers, partners] = await Promise.all([
    LocalUserPool.create({ users }),
    LocalUserPool.create({ users, clients: [{ clientId: 'shop' }, { clientId: 'till' }] }),
    LocalUserPool.create({ users, userPoolId: PARTNER, clients: [{ clientId: 'till' }] }),
  ]);
});

const TOKENS: Record<(typeof SENDERS)[number], () => string | undefined> = {
  nobody: () => undefined,
  staff: () => staff.idToken('alice'),
  'staff by access token': () => staff.accessToken('alice'),
  'a customer': () => customers.accessToken('alice'),
  'a partner': () => partners.accessToken('alice'),
};

describe.each(ADAPTERS)('Several user pools on %s', (adapter) => {
  let app: INestApplication;

  beforeAll(async () => {
    const imports = [CognitoAuthModule.forRoot({ userPools: userPools() })];
    const controllers = [RulesOnMethodsController, RuleOnClassController];
    app = await createApp(adapter, { imports, controllers });
  });

  afterAll(() => app.close());

  const cases = ROUTES.flatMap(([path, outcomes]) =>
    SENDERS.map((sender, index) => [path, sender, outcomes[index] as Outcome] as const),
  );

  it.each(cases)('answer at %s to %s: %s', async (path, sender, outcome) => {
    const token = TOKENS[sender]();
    const isAdmitted = ['staff', 'customers', PARTNER, 'anonymous'].includes(outcome);
    const expected = isAdmitted
      ? { status: 200, body: { userPool: outcome } }
      : refusal(outcome as CognitoAuthErrorCode);
    // The third time the token is remembered.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await send(app, path, token)).toMatchObject(expected);
    }
  });

  it('have app clients of their own', async () => {
    const till = { clientId: 'till' };
    expect(await send(app, '/methods/any', partners.accessToken('alice', till))).toMatchObject({
      status: 200,
    });
    expect(await send(app, '/methods/any', customers.accessToken('alice', till))).toMatchObject(
      refusal('wrong_client'),
    );
  });

  it('do not vouch for one another', async () => {
    const claims = { iss: partners.issuer, client_id: 'till' };
    const header = { kid: partners.jwks().keys[0]?.kid };
    expect(
      await send(app, '/methods/any', customers.accessToken('alice', { claims })),
    ).toMatchObject(refusal('unknown_key'));
    expect(
      await send(app, '/methods/any', customers.accessToken('alice', { claims, header })),
    ).toMatchObject(refusal('invalid_signature'));
  });

  it('may use the same key id for different keys', async () => {
    const [access, id] = customers.jwks().keys;
    const [accessOfPartners, idOfPartners] = partners.jwks().keys;
    const keys = [
      { ...accessOfPartners, kid: access?.kid },
      { ...idOfPartners, kid: id?.kid },
    ];
    const pools = [customers.options({ name: 'customers' }), partners.options({ jwks: { keys } })];
    const imports = [CognitoAuthModule.forRoot({ userPools: pools })];
    @Controller()
    class AnyController {
      @Get('any')
      @Authenticated()
      any(@Principal() principal: CognitoPrincipal) {
        return answerTo(principal);
      }
    }
    const twins = await startApp(adapter, { imports, controllers: [AnyController] });
    const header = { kid: access?.kid };
    const claims = { iss: partners.issuer, client_id: 'till' };
    expect(await send(twins, '/any', customers.accessToken('alice'))).toMatchObject({
      status: 200,
      body: { userPool: 'customers' },
    });
    expect(await send(twins, '/any', partners.accessToken('alice', { header }))).toMatchObject({
      status: 200,
      body: { userPool: PARTNER },
    });
    expect(await send(twins, '/any', customers.accessToken('alice', { claims }))).toMatchObject(
      refusal('invalid_signature'),
    );
  });
});

describe('@UserPool()', () => {
  const bootWith = (controller: new () => unknown) => {
    const imports = [CognitoAuthModule.forRoot({ userPools: userPools() })];
    return createApp('express', { imports, controllers: [controller] });
  };

  it('stops the boot when it names a user pool that there is not', async () => {
    @Controller('reports')
    class ReportsController {
      @Get('daily')
      @UserPool('staff', 'stuff')
      daily() {}

      @Get('weekly')
      @UserPool('Staff')
      weekly() {}
    }
    const known = '"staff", "customers", "eu-west-1_Partners1"';
    await expect(bootWith(ReportsController)).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: [
        `@UserPool() on ReportsController.daily names "stuff"; the user pools are ${known}.`,
        `@UserPool() on ReportsController.weekly names "Staff"; the user pools are ${known}.`,
      ],
    });
  });

  it('stops the boot when it is on the class', async () => {
    @Controller('reports')
    @UserPool('stuff')
    class ReportsController {
      @Get('daily')
      daily() {}

      // Serves nobody, so there is nothing to say about it.
      format() {}
    }
    await expect(bootWith(ReportsController)).rejects.toMatchObject({
      problems: [expect.stringContaining('@UserPool() on ReportsController.daily names "stuff"')],
    });
  });

  it('does not know the user pool by its id once it has a name', async () => {
    const id = staff.userPoolId;
    @Controller('reports')
    class ReportsController {
      @Get('daily')
      @UserPool(id)
      daily() {}
    }
    await expect(bootWith(ReportsController)).rejects.toThrow(`names "${id}"`);
  });
});
