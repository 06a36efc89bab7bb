import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Authenticated, CognitoAuthModule, Principal, TokenUse } from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send } from './support/app.js';
import { refusal } from './support/refusals.js';

@Controller()
class WhoController {
  @Get('who')
  @Authenticated()
  who(@Principal() { userPool, userPoolId, clientId }: CognitoPrincipal) {
    return { userPool, userPoolId, clientId };
  }

  @Get('by-any-token')
  @TokenUse('access', 'id')
  byAnyToken(@Principal() { userPool, tokenUse }: CognitoPrincipal) {
    return { userPool, tokenUse };
  }
}

const AUDIENCE = 'https://shop.example.com';
const users = [{ username: 'alice' }];

let staff: LocalUserPool;
let customers: LocalUserPool;
let stranger: LocalUserPool;

beforeAll(async () => {
  staff = await LocalUserPool.create({ users, clients: [{ clientId: 'office' }] });
  customers = await LocalUserPool.create({ users, clients: [{ clientId: 'shop' }] });
  stranger = await LocalUserPool.create({ users, clients: [{ clientId: 'office' }] });
});

function userPools() {
  return [
    { ...staff.options(), name: 'staff' },
    { ...customers.options(), tokenUse: 'id' as const, audience: AUDIENCE },
  ];
}

describe.each(ADAPTERS)('The option userPools on %s', (adapter) => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await createApp(adapter, {
      imports: [CognitoAuthModule.forRoot({ userPools: userPools() })],
      controllers: [WhoController],
    });
  });

  afterAll(() => app.close());

  it('accepts the tokens of each, and says which it was', async () => {
    expect(await send(app, '/who', staff.accessToken('alice'))).toMatchObject({
      status: 200,
      body: { userPool: 'staff', userPoolId: staff.userPoolId, clientId: 'office' },
    });
    expect(await send(app, '/who', customers.idToken('alice'))).toMatchObject({
      status: 200,
      body: { userPool: customers.userPoolId, userPoolId: customers.userPoolId, clientId: 'shop' },
    });
  });

  it('refuses the tokens of any other', async () => {
    expect(await send(app, '/who', stranger.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('holds each to its own kinds of token', async () => {
    expect(await send(app, '/who', staff.idToken('alice'))).toMatchObject(
      refusal('wrong_token_use'),
    );
    const bound = customers.accessToken('alice', { audience: AUDIENCE });
    expect(await send(app, '/who', bound)).toMatchObject(refusal('wrong_token_use'));
  });

  it('lets a route accept other kinds of all of them', async () => {
    const tokens = [
      staff.idToken('alice'),
      staff.accessToken('alice'),
      customers.idToken('alice'),
      customers.accessToken('alice', { audience: AUDIENCE }),
    ];
    const answers = await Promise.all(tokens.map((token) => send(app, '/by-any-token', token)));
    expect(answers.map(({ body }) => body)).toEqual([
      { userPool: 'staff', tokenUse: 'id' },
      { userPool: 'staff', tokenUse: 'access' },
      { userPool: customers.userPoolId, tokenUse: 'id' },
      { userPool: customers.userPoolId, tokenUse: 'access' },
    ]);
  });

  it('holds each to its own app clients', async () => {
    const claims = { client_id: 'shop' };
    expect(await send(app, '/who', staff.accessToken('alice', { claims }))).toMatchObject(
      refusal('wrong_client'),
    );
  });

  it('holds each to its own audience', async () => {
    expect(await send(app, '/by-any-token', customers.accessToken('alice'))).toMatchObject(
      refusal('wrong_audience'),
    );
  });

  it('takes no key of one for a token of another', async () => {
    const claims = { iss: staff.issuer, client_id: 'office' };
    expect(await send(app, '/who', customers.accessToken('alice', { claims }))).toMatchObject(
      refusal('unknown_key'),
    );
    const header = { kid: staff.jwks().keys[0]?.kid };
    expect(
      await send(app, '/who', customers.accessToken('alice', { claims, header })),
    ).toMatchObject(refusal('invalid_signature'));
  });
});
