import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Field, ObjectType, Query, ResolveField, Resolver, Subscription } from '@nestjs/graphql';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  fromBearerHeader,
  fromCookie,
  fromHandshakeAuth,
  fromQuery,
  Groups,
  MemoryRevocationStore,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createApp, startApp } from '../support/app.js';
import { ask, graphqlModule, newTitle, SERVERS } from './graphql.servers.js';
import { Recipes, RecipesResolver } from './recipes.resolver.js';
import { subscribe } from './subscriber.js';

@ObjectType()
class Tick {
  @Field(() => String)
  username: string;
}

@Resolver(() => Tick)
class TicksResolver {
  @Subscription(() => Tick)
  @Authenticated()
  async *ticks(@CurrentUser('username') username: string) {
    yield { ticks: { username } };
    yield { ticks: { username } };
  }

  @Subscription(() => Tick, { nullable: true })
  @Groups('cooks')
  async *ticksOfCooks(@CurrentUser('username') username: string) {
    yield { ticksOfCooks: { username } };
  }

  @ResolveField(() => String)
  @Authenticated()
  again(@CurrentUser('username') username: string) {
    return username;
  }

  @Query(() => String)
  @Authenticated()
  name(@CurrentUser('username') username: string) {
    return username;
  }
}

/** A store that cannot be reached at times. */
class UnsteadyStore extends MemoryRevocationStore {
  isDown = false;
  failures = 0;

  override async isRevoked(principal: CognitoPrincipal): Promise<boolean> {
    if (!this.isDown) return super.isRevoked(principal);
    this.failures += 1;
    throw new Error('connect ECONNREFUSED');
  }
}

let extractions = 0;
const bearer = fromBearerHeader();

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['cooks'] }, { username: 'bob' }],
  });
  alice = pool.accessToken('alice');
  bob = pool.accessToken('bob');
});

const bearing = (token: string) => ({ connectionParams: { Authorization: `Bearer ${token}` } });

describe.each(SERVERS)('Subscriptions on $name', (server) => {
  let app: INestApplication;

  beforeAll(async () => {
    const auth = CognitoAuthModule.forRoot({
      ...pool.options(),
      revocation: MemoryRevocationStore,
      tokenFrom: [
        (request) => {
          extractions += 1;
          return bearer(request);
        },
        fromHandshakeAuth('token'),
        fromCookie('token'),
        fromQuery('token'),
      ],
    });
    const root: ModuleMetadata = {
      imports: [auth, graphqlModule(server)],
      providers: [Recipes, RecipesResolver, TicksResolver],
    };
    app = await createApp(server.adapter, root);
  });

  afterAll(() => app.close());

  beforeEach(() => {
    extractions = 0;
  });

  const start = (query: string, setup?: Parameters<typeof subscribe>[2]) =>
    subscribe(app, query, setup);

  const someoneListens = () =>
    new Promise((resolve) => {
      app.get(Recipes).once('newListener', resolve);
    });

  it('bring events to those who may see them', async () => {
    const listening = someoneListens();
    const { next } = await start('subscription { recipeAdded { title secret } }', bearing(alice));
    const event = next();
    await listening;
    const title = newTitle();
    await ask(app, `mutation { addRecipe(title: "${title}") { id } }`, alice);
    expect(await event).toEqual({
      recipeAdded: { title, secret: `${title} need a pinch of salt` },
    });
  });

  it.each([
    ['the parameter Authorization', () => bearing(bob)],
    ['another case of it', () => ({ connectionParams: { AUTHORIZATION: `bearer ${bob}` } })],
    ['a parameter of its own', () => ({ connectionParams: { token: bob } })],
    ['the header of the handshake', () => ({ headers: { authorization: `Bearer ${bob}` } })],
    ['a cookie of no browser', () => ({ headers: { cookie: `token=${bob}` } })],
    ['the address', () => ({ search: `?token=${bob}` })],
    [
      'the parameter before the header',
      () => ({ ...bearing(bob), headers: { authorization: `Bearer ${alice}` } }),
    ],
  ])('take the token from %s', async (_place, setup) => {
    const { next } = await start('subscription { ticks { username again } }', setup());
    expect(await next()).toEqual({ ticks: { username: 'bob', again: 'bob' } });
    expect(await next()).toEqual({ ticks: { username: 'bob', again: 'bob' } });
  });

  it('find the token at the connection, and verify it again for an operation', async () => {
    const { next } = await start('subscription { ticks { username again } }', bearing(alice));
    await next();
    await next();
    expect(extractions).toBe(1);
  });

  it('serve queries, too', async () => {
    const { next } = await start('{ name }', bearing(bob));
    expect(await next()).toEqual({ name: 'bob' });
  });

  it.each([
    ['missing_token', () => ({})],
    ['missing_token', () => ({ connectionParams: { Authorization: null } })],
    ['malformed_token', () => bearing('garbage')],
    ['invalid_signature', () => bearing(pool.forgedToken())],
    ['token_expired', () => bearing(pool.accessToken('alice', { expiresIn: -1 }))],
    ['malformed_request', () => ({ connectionParams: { Authorization: alice } })],
    ['malformed_request', () => ({ connectionParams: { Authorization: [`Bearer ${alice}`] } })],
    [
      'malformed_request',
      () => ({
        connectionParams: { Authorization: `Bearer ${alice}`, authorization: `Bearer ${bob}` },
      }),
    ],
    [
      'missing_token',
      () => ({ headers: { cookie: `token=${alice}`, origin: 'https://evil.example' } }),
    ],
  ])('refuse the connection with %s', async (code, setup) => {
    const { next, closed } = await start('subscription { ticks { username } }', setup());
    await expect(next()).rejects.toBeDefined();
    expect(await closed).toEqual({ code: 4403, reason: code });
  });

  it('refuse an operation with the code of the refusal', async () => {
    const { next } = await start('subscription { ticksOfCooks { username } }', bearing(bob));
    await expect(next()).rejects.toEqual([
      expect.objectContaining({ extensions: { code: 'insufficient_group' } }),
    ]);
  });

  it('end when the token is revoked, within a minute', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const claims = { jti: newTitle() };
    const token = pool.accessToken('alice', { claims });
    const listening = someoneListens();
    const { next, closed } = await start('subscription { recipeAdded { id } }', bearing(token));
    const event = next().catch(() => 'none');
    await listening;
    await app.get(CognitoAuthService).revoke(claims);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await closed).toEqual({ code: 4403, reason: 'token_revoked' });
    expect(await event).toBe('none');
  });

  it('end when the token expires', async () => {
    const token = pool.accessToken('alice', { expiresIn: 2 });
    const { next, closed } = await start('subscription { recipeAdded { id } }', bearing(token));
    await expect(next()).rejects.toBeDefined();
    expect(await closed).toEqual({ code: 4403, reason: 'token_expired' });
  });
});

describe.each(SERVERS)('Subscriptions during an outage, on $name', (server) => {
  let app: INestApplication;
  let store: UnsteadyStore;

  beforeAll(async () => {
    store = new UnsteadyStore();
    const auth = CognitoAuthModule.forRoot({
      ...pool.options({ clockTolerance: 30 }),
      revocation: { useValue: store },
    });
    app = await createApp(server.adapter, {
      imports: [auth, graphqlModule(server)],
      providers: [Recipes, RecipesResolver],
    });
  });

  afterAll(() => app.close());

  beforeEach(() => {
    store.isDown = false;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
  });

  async function listen(token: string) {
    const listening = new Promise((resolve) => {
      app.get(Recipes).once('newListener', resolve);
    });
    const subscriber = await subscribe(
      app,
      'subscription { recipeAdded { title } }',
      bearing(token),
    );
    const event = subscriber.next().catch(() => 'none');
    await listening;
    return { ...subscriber, event };
  }

  it('go on, and are asked about soon after', async () => {
    const claims = { jti: newTitle() };
    const token = pool.accessToken('alice', { claims });
    const { event, closed } = await listen(token);
    store.isDown = true;
    // For the first time after a minute, and then ever more rarely: 1, 2, 4, 8, 16, 30 seconds.
    await vi.advanceTimersByTimeAsync(150_000);
    expect(store.failures).toBeGreaterThanOrEqual(6);
    expect(store.failures).toBeLessThan(15);
    store.isDown = false;
    const title = newTitle();
    await ask(app, `mutation { addRecipe(title: "${title}") { id } }`, alice);
    expect(await event).toEqual({ recipeAdded: { title } });

    await app.get(CognitoAuthService).revoke(claims);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await closed).toEqual({ code: 4403, reason: 'token_revoked' });
  });

  it('end when the token expires, whatever it is', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.now() });
    const token = pool.accessToken('alice', { expiresIn: 90 });
    const { closed } = await listen(token);
    store.isDown = true;
    await vi.advanceTimersByTimeAsync(90_000);
    expect(await closed).toEqual({ code: 4503, reason: 'hook_failed' });
  });

  it('do not begin', async () => {
    store.isDown = true;
    const { next, closed } = await subscribe(
      app,
      'subscription { recipeAdded { title } }',
      bearing(alice),
    );
    await expect(next()).rejects.toBeDefined();
    expect(await closed).toEqual({ code: 4503, reason: 'hook_failed' });
  });
});

describe.each(SERVERS)('Subscriptions to which anybody may connect, on $name', (server) => {
  it('are refused one by one', async () => {
    const app = await startApp(server.adapter, {
      imports: [CognitoAuthModule.forRoot(pool.options()), graphqlModule(server, { isOpen: true })],
      providers: [TicksResolver],
    });
    const first = async (setup: Parameters<typeof subscribe>[2]) => {
      const { next } = await subscribe(app, 'subscription { ticks { username again } }', setup);
      return next();
    };
    const refusedWith = (code: string) => [expect.objectContaining({ extensions: { code } })];
    expect(await first(bearing(bob))).toEqual({ ticks: { username: 'bob', again: 'bob' } });
    await expect(first({})).rejects.toEqual(refusedWith('missing_token'));
    await expect(first(bearing(pool.forgedToken()))).rejects.toEqual(
      refusedWith('invalid_signature'),
    );
    const connectionParams = { Authorization: `Bearer ${alice}`, authorization: `Bearer ${bob}` };
    await expect(first({ connectionParams })).rejects.toEqual(refusedWith('malformed_request'));
  });
});

describe.each(SERVERS)(
  'Events of subscriptions to which anybody may connect, on $name',
  (server) => {
    const startEvents = async (token: string) => {
      let found = 0;
      const auth = CognitoAuthModule.forRoot({
        ...pool.options(),
        revocation: MemoryRevocationStore,
        tokenFrom: (request) => {
          found += 1;
          return bearer(request);
        },
      });
      const app = await startApp(server.adapter, {
        imports: [auth, graphqlModule(server, { isOpen: true })],
        providers: [Recipes, RecipesResolver],
      });
      const recipes = app.get(Recipes);
      const listening = new Promise((resolve) => {
        recipes.once('newListener', resolve);
      });
      const query = 'subscription { recipeAdded { title secret again: secret } }';
      const { next } = await subscribe(app, query, bearing(token));
      // One payload for all events: nothing but the event tells them apart.
      const recipe = recipes.add(newTitle(), 'alice');
      const event = async () => {
        const answer = next();
        await listening;
        recipes.emit('added', recipe);
        return answer;
      };
      const known = {
        recipeAdded: {
          title: recipe.title,
          secret: `${recipe.title} need a pinch of salt`,
          again: `${recipe.title} need a pinch of salt`,
        },
      };
      const refused = { recipeAdded: { title: recipe.title, secret: null, again: null } };
      return { app, event, known, refused, found: () => found };
    };

    it('show guarded fields no longer than the token is valid', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      onTestFinished(() => void vi.useRealTimers());
      const token = pool.accessToken('alice', { expiresIn: 60 });
      const { event, known, refused } = await startEvents(token);
      expect(await event()).toEqual(known);
      expect(await event()).toEqual(known);
      vi.setSystemTime(Date.now() + 61_000);
      expect(await event()).toEqual(refused);
      expect(await event()).toEqual(refused);
    });

    it('show them no longer than until the token is revoked', async () => {
      const claims = { jti: newTitle() };
      const { app, event, known, refused } = await startEvents(
        pool.accessToken('alice', { claims }),
      );
      expect(await event()).toEqual(known);
      await app.get(CognitoAuthService).revoke(claims);
      expect(await event()).toEqual(refused);
    });

    it('find and verify the token once for all fields', async () => {
      const { event, found } = await startEvents(alice);
      await event();
      expect(found()).toBe(2);
      await event();
      expect(found()).toBe(3);
    });
  },
);
