import { Controller, ForbiddenException } from '@nestjs/common';
import type { INestMicroservice } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import type { ClientProxy, Serializer } from '@nestjs/microservices';
import {
  Claims,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  fromBearerHeader,
  fromRpcMetadata,
  MemoryRevocationStore,
  Principal,
  RawToken,
} from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoPrincipal, IdentityResolver } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { OrdersController } from './orders.controller.js';
import { refusedByApplication, rpcRefusal } from './refusals.js';
import { createService, RefusalsFilter } from './running.js';
import { ask, connect, connected, tell, TRANSPORTERS } from './transporters.js';
import type { Listening } from './transporters.js';

/** Tells what the decorators of parameters give. */
@Controller()
class ParametersController {
  @MessagePattern('parameters')
  parameters(
    @CurrentUser() user: object,
    @CurrentUser('username') username: string,
    @Principal() { kind }: CognitoPrincipal,
    @Claims('sub') sub: string,
    @RawToken() token: string,
  ) {
    return { user, username, kind, sub, token };
  }

  /** A payload need not be an object, nor need a handler name it. */
  @MessagePattern('text')
  text(@CurrentUser('username') username: string) {
    return { username };
  }
}

/** Knows everybody but `eve`, and whom it does not want to know. */
const identity: IdentityResolver<object> = {
  async resolve(principal: CognitoPrincipal) {
    if (principal.kind === 'client') return { clientId: principal.clientId };
    if (principal.username === 'mallory') throw new ForbiddenException('Banned');
    return principal.username === 'eve' ? null : { id: 7, username: principal.username };
  },
};

/** Puts a bearer token beside the payload, where TCP and Redis of Nest 12 look for metadata. */
function withBearer(token: string): Serializer {
  const metadata = { Authorization: `Bearer ${token}` };
  return { serialize: (packet: object) => ({ ...packet, metadata }) };
}

describe.each(TRANSPORTERS)('A microservice over $name', (transporter) => {
  const error = vi.fn<() => void>();
  const logger = { error, fatal: error, log() {}, warn() {} };
  let pool: LocalUserPool;
  let place: Listening;
  let service: INestMicroservice;
  let client: ClientProxy;

  beforeAll(async () => {
    if (!transporter.isThere) return;
    const usernames = ['alice', 'bob', 'eve', 'mallory'];
    pool = await LocalUserPool.create({
      users: usernames.map((username) => ({
        username,
        groups: username === 'alice' ? ['admin'] : [],
      })),
      clients: [{ clientId: 'web' }, { clientId: 'worker', scopes: ['orders/write'] }],
    });
    place = await transporter.start();
    const tokenFrom = [fromBearerHeader(), fromRpcMetadata('token')];
    const hooks = { identity: { useValue: identity }, revocation: MemoryRevocationStore };
    const module = CognitoAuthModule.forRoot({
      ...pool.options(),
      tokenFrom,
      protectAll: true,
      ...hooks,
    });
    const metadata = {
      imports: [module],
      controllers: [OrdersController, ParametersController],
      providers: [RefusalsFilter, { provide: APP_FILTER, useExisting: RefusalsFilter }],
    };
    service = await createService(metadata, place.options, { logger });
    client = await connect(service, place);
  });

  afterAll(async () => {
    await client?.close();
    await service?.close();
    await place?.stop();
  });

  beforeEach(({ skip }) => {
    skip(!transporter.isThere, `there is nothing to run ${transporter.name} with`);
    error.mockClear();
  });

  it('answers whose token it accepts', async () => {
    const token = pool.accessToken('alice');
    expect(await ask(client, 'orders.list', { token })).toEqual({
      username: 'alice',
      orders: ['teapot'],
    });
    const bearer = `Bearer ${token}`;
    expect(await ask(client, 'orders.list', { token: bearer })).toMatchObject({
      username: 'alice',
    });
  });

  it('leaves the payload as it was', async () => {
    const token = pool.accessToken('alice', { scopes: ['orders/write'] });
    expect(await ask(client, 'orders.create', { token, item: 'cup' })).toEqual({
      item: 'cup',
      for: 'alice',
    });
  });

  it('finds a bearer token in the metadata', async () => {
    const bearer = withBearer(pool.accessToken('bob'));
    const proxy = await connected(service, place, bearer);
    expect(await ask(proxy, 'orders.list')).toMatchObject({ username: 'bob' });
    expect(await ask(proxy, 'text', 'a text')).toEqual({ username: 'bob' });
  });

  it.each<[CognitoAuthErrorCode, string, () => unknown]>([
    ['missing_token', 'orders.list', () => ({})],
    ['missing_token', 'orders.list', () => ({ token: '' })],
    ['missing_token', 'orders.list', () => ({ token: null })],
    ['missing_token', 'orders.list', () => 'a text'],
    ['missing_token', 'orders.list', () => [pool.accessToken('alice')]],
    ['missing_token', 'orders.list', () => ({ data: { token: pool.accessToken('alice') } })],
    ['malformed_request', 'orders.list', () => ({ token: [pool.accessToken('alice')] })],
    ['malformed_request', 'orders.list', () => ({ token: { token: 'a' } })],
    ['malformed_request', 'orders.list', () => ({ token: 7 })],
    ['malformed_token', 'orders.list', () => ({ token: 'a.b.c' })],
    ['malformed_token', 'orders.list', () => ({ token: ` ${pool.accessToken('alice')}` })],
    ['invalid_signature', 'orders.list', () => ({ token: pool.forgedToken() })],
    [
      'token_expired',
      'orders.list',
      () => ({ token: pool.accessToken('alice', { expiresIn: -1 }) }),
    ],
    ['wrong_token_use', 'orders.list', () => ({ token: pool.idToken('alice') })],
    [
      'wrong_client',
      'orders.list',
      () => ({ token: pool.accessToken('alice', { claims: { client_id: 'mobile' } }) }),
    ],
    ['insufficient_scope', 'orders.create', () => ({ token: pool.accessToken('alice') })],
    ['insufficient_group', 'orders.remove', () => ({ token: pool.accessToken('bob') })],
    ['wrong_principal', 'orders.import', () => ({ token: pool.accessToken('alice') })],
    ['malformed_token', 'orders.offers', () => ({ token: 'a.b.c' })],
  ])('answers %s to a message of %s (%#)', async (code, pattern, payload) => {
    expect(await ask(client, pattern, payload())).toEqual(rpcRefusal(code));
    expect(error).not.toHaveBeenCalled();
  });

  it('refuses malformed metadata, whatever the payload says', async () => {
    const proxy = await connected(service, place, withBearer(''));
    expect(await ask(proxy, 'orders.list', { token: pool.accessToken('bob') })).toEqual(
      rpcRefusal('malformed_request'),
    );
  });

  it('applies the rules of its handlers', async () => {
    const alice = pool.accessToken('alice');
    const worker = pool.clientToken({ clientId: 'worker' });
    expect(await ask(client, 'orders.remove', { token: alice, item: 'cup' })).toEqual({
      removed: 'cup',
    });
    expect(await ask(client, 'orders.import', { token: worker })).toEqual({ by: 'worker' });
    expect(await ask(client, 'orders.offers', { token: alice })).toEqual({ for: 'alice' });
    expect(await ask(client, 'orders.offers')).toEqual({ for: 'everybody' });
    expect(await ask(client, 'orders.status', { token: 'a.b.c' })).toHaveProperty('shipped');
  });

  it('hands the sender to its handlers', async () => {
    const token = pool.accessToken('bob');
    const { sub } = pool.users.find(({ username }) => username === 'bob') ?? {};
    const user = { id: 7, username: 'bob' };
    expect(await ask(client, 'parameters', { token })).toEqual({
      user,
      username: 'bob',
      kind: 'user',
      sub,
      token,
    });
  });

  it('asks the hooks about every message', async () => {
    expect(await ask(client, 'orders.list', { token: pool.accessToken('eve') })).toEqual(
      refusedByApplication('unknown_user'),
    );
    expect(await ask(client, 'orders.list', { token: pool.accessToken('mallory') })).toEqual({
      status: 'error',
      statusCode: 403,
      error: 'Forbidden',
      message: 'Banned',
    });
    const token = pool.accessToken('bob', { originJti: 'phone' });
    expect(await ask(client, 'orders.list', { token })).toMatchObject({ username: 'bob' });
    await service.get(CognitoAuthService).revoke({ originJti: 'phone' });
    expect(await ask(client, 'orders.list', { token })).toEqual(
      refusedByApplication('token_revoked'),
    );
    expect(error).not.toHaveBeenCalled();
  });

  it('hands events on from those only whose token it accepts', async () => {
    const { shipped } = service.get(OrdersController);
    const { codes } = service.get(RefusalsFilter);
    codes.length = 0;
    const good = { token: pool.accessToken('alice'), item: 'teapot' };
    const refused: [code: CognitoAuthErrorCode, payload: object][] = [
      ['missing_token', { item: 'a' }],
      ['malformed_request', { token: [good.token], item: 'b' }],
      ['invalid_signature', { token: pool.forgedToken(), item: 'c' }],
      ['insufficient_group', { token: pool.accessToken('bob'), item: 'd' }],
    ];
    for (const [, payload] of refused) {
      // oxlint-disable-next-line no-await-in-loop -- the order of events is what counts
      await tell(client, 'orders.shipped', payload);
    }
    await vi.waitFor(() => expect(codes).toHaveLength(refused.length));
    await tell(client, 'orders.shipped', good);
    await vi.waitFor(() => expect(shipped).not.toHaveLength(0));
    expect(shipped).toEqual(['teapot']);
    expect(new Set(codes)).toEqual(new Set(refused.map(([code]) => code)));
    expect(error).not.toHaveBeenCalled();
  });
});
