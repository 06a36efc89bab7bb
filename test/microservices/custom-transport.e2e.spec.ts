import { Controller } from '@nestjs/common';
import { BaseRpcContext, Ctx, MessagePattern, Server } from '@nestjs/microservices';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import {
  Claims,
  CognitoAuthModule,
  CurrentUser,
  fromRpcMetadata,
  OptionalAuth,
  Principal,
  Public,
  RawToken,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal, IdentityResolver } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { lastValueFrom } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { rpcRefusal } from './refusals.js';
import { startService } from './running.js';

/** Hands out messages in this process, with whatever context it is told to. */
class Loopback extends Server implements CustomTransportStrategy {
  listen(callback: () => void) {
    callback();
  }

  close() {}

  on() {}

  unwrap(): never {
    throw new Error('There is nothing in it');
  }

  async deliver(pattern: string, payload: unknown, context: unknown): Promise<unknown> {
    const handler = this.getHandlerByPattern(pattern);
    if (!handler) throw new Error(`Nobody handles ${pattern}`);
    const answer = this.transformToObservable(await handler(payload, context));
    return lastValueFrom(answer).catch((error: unknown) => error);
  }
}

/** The context of a transporter that has a token of its own for every message. */
class TokenContext extends BaseRpcContext<[]> {
  constructor(private token?: string) {
    super([]);
  }

  getHeaders() {
    return { token: this.token };
  }

  replaceToken(token: string) {
    this.token = token;
  }
}

/** Waits until a number of messages have come this far, and lets the last one go on first. */
class Meeting implements IdentityResolver<CognitoPrincipal> {
  private expected = 0;
  private readonly waiting: (() => void)[] = [];

  of(expected: number): void {
    this.expected = expected;
  }

  async resolve(principal: CognitoPrincipal) {
    if (this.expected === 0) return principal;
    const here = new Promise<void>((resolve) => void this.waiting.push(resolve));
    if (this.waiting.length === this.expected) {
      this.expected = 0;
      for (const goOn of this.waiting.splice(0).toReversed()) goOn();
    }
    await here;
    return principal;
  }
}

@Controller()
class WhoController {
  @MessagePattern('who')
  who(
    @CurrentUser('username') user: string,
    @Principal() principal: { username: string },
    @Claims('username') claim: string,
    @RawToken() token: string,
  ) {
    return { user, principal: principal.username, claim, token };
  }

  @MessagePattern('optional')
  @OptionalAuth()
  optional(@CurrentUser('username') user?: string, @Principal() principal?: object) {
    return { user, principal };
  }

  @MessagePattern('public')
  @Public()
  public(@CurrentUser('username') user?: string, @RawToken() token?: string) {
    return { user, token };
  }

  @MessagePattern('context')
  context(@Ctx() context: { user?: { username?: string } }) {
    return { user: context.user?.username };
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: ['alice', 'bob'].map((username) => ({ username })),
  });
});

const meeting = new Meeting();

async function start(): Promise<Loopback> {
  const transport = new Loopback();
  const module = CognitoAuthModule.forRoot({
    ...pool.options(),
    protectAll: true,
    tokenFrom: fromRpcMetadata('token'),
    identity: { useValue: meeting },
  });
  const metadata = { imports: [module], controllers: [WhoController] };
  await startService(metadata, { strategy: transport });
  return transport;
}

function answerTo(username: string, token: string): object {
  return { user: username, principal: username, claim: username, token };
}

describe.each<[string, (token: string) => unknown]>([
  ['that are objects', (token) => ({ token })],
  ['of one text', () => 'text'],
  ['that are nothing', () => undefined],
])('A transporter with one context for all messages, with payloads %s', (_, payloadOf) => {
  const isObject = typeof payloadOf('') === 'object';
  const contextOf = (token?: string) => new TokenContext(isObject ? undefined : token);

  it('hands every handler the user of its own message', async () => {
    const transport = await start();
    const [alice, bob] = [pool.accessToken('alice'), pool.accessToken('bob')];
    const context = contextOf(alice);
    meeting.of(2);
    const first = transport.deliver('who', payloadOf(alice), context);
    if (!isObject) context.replaceToken(bob);
    const second = transport.deliver('who', payloadOf(bob), context);
    expect(await Promise.all([first, second])).toEqual([
      answerTo('alice', alice),
      answerTo('bob', bob),
    ]);
  });

  it('never hands on the user of an earlier message', async () => {
    const transport = await start();
    const token = pool.accessToken('alice');
    const context = contextOf(token);
    expect(await transport.deliver('who', payloadOf(token), context)).toEqual(
      answerTo('alice', token),
    );
    context.replaceToken('');
    const without = isObject ? {} : payloadOf('');
    expect(await transport.deliver('who', without, context)).toEqual(rpcRefusal('missing_token'));
    expect(await transport.deliver('optional', without, context)).toEqual(
      expect.objectContaining({ user: undefined, principal: undefined }),
    );
    expect(await transport.deliver('public', without, context)).toEqual({
      user: undefined,
      token: undefined,
    });
  });

  it('decides about every message, though it accepted the one before', async () => {
    const transport = await start();
    const context = contextOf(pool.accessToken('alice'));
    await transport.deliver('who', payloadOf(pool.accessToken('alice')), context);
    const expired = pool.accessToken('alice', { expiresIn: -1 });
    context.replaceToken(isObject ? '' : expired);
    expect(await transport.deliver('who', payloadOf(expired), context)).toEqual(
      rpcRefusal('token_expired'),
    );
  });

  it('has no user on that context once there are several', async () => {
    const transport = await start();
    const context = contextOf(pool.accessToken('alice'));
    const ask = (token: string) => transport.deliver('context', payloadOf(token), context);
    expect(await ask(pool.accessToken('alice'))).toEqual({ user: 'alice' });
    if (!isObject) context.replaceToken(pool.accessToken('bob'));
    expect(await ask(pool.accessToken('bob'))).toEqual({ user: undefined });
  });
});

describe('A message without a context', () => {
  it.each([[undefined], [null], ['context'], [7]])('is refused: %j', async (context) => {
    const transport = await start();
    const payload = { token: pool.accessToken('alice') };
    const refused = rpcRefusal('unsupported_context');
    expect(await transport.deliver('who', payload, context)).toEqual(refused);
    expect(await transport.deliver('optional', payload, context)).toEqual(refused);
    expect(await transport.deliver('public', payload, context)).toEqual({});
  });
});
