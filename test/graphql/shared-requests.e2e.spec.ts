import { createRequire } from 'node:module';
import { ApolloDriver } from '@nestjs/apollo';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { Controller, Get, Inject, Req } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  Context,
  Field,
  GraphQLModule,
  GraphQLSchemaHost,
  ObjectType,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import type { ExecutionResult } from 'graphql';
import { Authenticated, CognitoAuthModule, CurrentUser, Public } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { send, startApp } from '../support/app.js';
import { ask, askTogether, graphqlModule, SERVERS } from './graphql.servers.js';

// The copy of graphql that Nest loads.
const { graphql, parse, subscribe } = createRequire(import.meta.url)(
  'graphql',
) as typeof import('graphql');

/** What public operations wait for. */
let gate: Promise<void>;
let open: () => void;
/** Resolves once an operation waits. */
let isWaiting: Promise<void>;
let arrive: () => void;

@ObjectType()
class Tick {
  @Field(() => Number)
  number: number;
}

@Resolver(() => Tick)
class Ticks {
  @Subscription(() => Tick)
  @Authenticated()
  async *ticks() {
    yield { ticks: { number: 1 } };
    yield { ticks: { number: 2 } };
    // The token of this test expires after a minute.
    vi.setSystemTime(Date.now() + 61_000);
    yield { ticks: { number: 3 } };
  }

  @ResolveField(() => String, { nullable: true })
  @Authenticated()
  name(@CurrentUser('username') username: string) {
    return username;
  }
}

@Resolver()
class Me {
  constructor(@Inject(GraphQLSchemaHost) private readonly host: GraphQLSchemaHost) {}

  @Query(() => String, { nullable: true })
  @Authenticated()
  me(@CurrentUser('username') username: string) {
    return username;
  }

  @Query(() => String)
  @Public()
  async wait() {
    arrive();
    await gate;
    return 'waited';
  }

  @Query(() => [String], { nullable: true })
  @Public()
  async twice(@Context('req') req: object) {
    return [await askAgain(this.host, req), await askAgain(this.host, req)];
  }
}

let kept: object | undefined;

@Controller('report')
class Report {
  constructor(@Inject(GraphQLSchemaHost) private readonly host: GraphQLSchemaHost) {}

  @Get()
  @Authenticated()
  async report(@Req() req: object) {
    kept = req;
    return [await askAgain(this.host, req), await askAgain(this.host, req)];
  }
}

/** Streams events in a response, as servers of `text/event-stream` do. */
@Controller('stream')
class Stream {
  constructor(@Inject(GraphQLSchemaHost) private readonly host: GraphQLSchemaHost) {}

  @Get()
  async stream(@Req() req: { user?: { username: string } }) {
    const document = parse('subscription { ticks { number name } }');
    const { schema } = this.host;
    const events = await subscribe({ schema, document, contextValue: { req } });
    const seen: unknown[] = [];
    for await (const { data, errors } of events as AsyncIterable<ExecutionResult>) {
      seen.push([data?.['ticks'], errors?.[0]?.extensions['code'], req.user?.username]);
    }
    return seen;
  }
}

/** Asks for the name of the caller in an operation of its own. */
async function askAgain({ schema }: GraphQLSchemaHost, req: object): Promise<unknown> {
  const answer = await graphql({ schema, source: '{ me }', contextValue: { req } });
  return answer.errors?.[0]?.extensions['code'] ?? answer.data?.['me'];
}

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }, { username: 'bob' }] });
  alice = pool.accessToken('alice');
  bob = pool.accessToken('bob');
});

beforeEach(() => {
  gate = new Promise((resolve) => {
    open = resolve;
  });
  isWaiting = new Promise((resolve) => {
    arrive = resolve;
  });
});

const root = (graphqlOf: ReturnType<typeof graphqlModule>) => ({
  imports: [CognitoAuthModule.forRoot(pool.options()), graphqlOf],
  providers: [Me, Ticks],
  controllers: [Report, Stream],
});

describe.each(SERVERS)('An application that asks its own schema, on $name', (server) => {
  it('may ask several times for one request', async () => {
    const app = await startApp(server.adapter, root(graphqlModule(server)));
    expect((await send(app, '/report', alice)).body).toEqual(['alice', 'alice']);
    expect((await send(app, '/report', bob)).body).toEqual(['bob', 'bob']);
    expect(await ask(app, '{ twice }', alice)).toMatchObject({
      data: { twice: ['alice', 'alice'] },
    });
    expect(await ask(app, '{ me twice }', bob)).toMatchObject({
      data: { me: 'bob', twice: ['bob', 'bob'] },
    });
    expect(await ask(app, '{ twice }')).toMatchObject({
      data: { twice: ['missing_token', 'missing_token'] },
    });
  });

  it('may stream events in one response, as long as the token is valid', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const app = await startApp(server.adapter, root(graphqlModule(server)));
    const { body } = await send(app, '/stream', pool.accessToken('alice', { expiresIn: 60 }));
    expect(body).toEqual([
      [{ number: 1, name: 'alice' }, null, 'alice'],
      [{ number: 2, name: 'alice' }, null, 'alice'],
      [{ number: 3, name: null }, 'token_expired', 'alice'],
    ]);
  });

  it('may not ask for a request that has its response', async () => {
    const app = await startApp(server.adapter, root(graphqlModule(server)));
    await send(app, '/report', alice);
    expect(await askAgain(app.get(GraphQLSchemaHost), kept!)).toBe('unsupported_context');
  });
});

/** As @nestjs/apollo up to 14.0.0: the first request stays in what the option `context` gives. */
class FormerDriver extends ApolloDriver {}
Object.assign(FormerDriver.prototype, {
  assignReqProperty: (context: { req?: unknown }, req: unknown) => {
    context.req ??= req;
    return context;
  },
  cloneContext: (context: object) => context,
});

/** Sends operations by GET. */
const asGet = (app: INestApplication) => async (query: string, token?: string) => {
  const headers = { 'apollo-require-preflight': 'yes' };
  const path = `/graphql?query=${encodeURIComponent(query)}`;
  return (await send(app, path, token, { headers })).body;
};

const APOLLO = SERVERS.filter(({ driver }) => driver === 'apollo');

/** GraphQL with the former driver. */
const formerModule = (context: object) =>
  GraphQLModule.forRootAsync<ApolloDriverConfig>({
    driver: FormerDriver,
    useFactory: () => ({
      context,
      autoSchemaFile: true,
      fieldResolverEnhancers: ['guards' as const],
      graphiql: false,
      allowBatchedHttpRequests: true,
    }),
  });

describe.each(APOLLO)('A driver that leaves requests in contexts, on $name', ({ adapter }) => {
  it('stops the boot when "context" is one object', async () => {
    class Shop {
      shop = 'Berlin';
    }
    const message =
      'The option "context" of GraphQLModule is one object for all operations, and this version of ' +
      '@nestjs/apollo leaves the first request in it; let "context" be a function that returns a ' +
      'new object for each operation.';
    await expect(startApp(adapter, root(formerModule({})))).rejects.toThrow(message);
    await expect(startApp(adapter, root(formerModule(new Shop())))).rejects.toThrow(message);
  });

  it('serves operations with a context each', async () => {
    const app = await startApp(adapter, root(formerModule(() => ({ shop: 'Berlin' }))));
    expect((await ask(app, '{ me }', alice)).data).toEqual({ me: 'alice' });
    expect((await ask(app, '{ me }', bob)).data).toEqual({ me: 'bob' });
    expect((await ask(app, '{ me }')).codes).toEqual(['missing_token']);
    const batch = await askTogether(app, ['{ me }', '{ me }', '{ me }'], bob);
    expect(batch.map(({ data }) => data)).toEqual([{ me: 'bob' }, { me: 'bob' }, { me: 'bob' }]);
  });

  it.each([
    ['an unguarded one', '{ wait }'],
    ['one of the same text', 'query ($me: Boolean!) { wait me @include(if: $me) }'],
  ])('never takes the sender of another operation, of %s', async (_name, query) => {
    const shared = {};
    const app = await startApp(adapter, root(formerModule(() => shared)));
    const [first, second] = [{ variables: { me: false } }, { variables: { me: true } }];
    const running = ask(app, query, alice, first);
    await isWaiting;
    expect((await ask(app, '{ me }')).codes).toEqual(['unsupported_context']);
    const ofNobody = ask(app, query.includes('$me') ? query : '{ me }', undefined, second);
    open();
    expect((await ofNobody).codes).toEqual(['unsupported_context']);
    expect((await running).data).toEqual({ wait: 'waited' });
    expect((await ask(app, '{ me }', bob)).codes).toEqual(['unsupported_context']);
    expect((await ask(app, '{ twice }', bob)).data).toEqual({
      twice: ['unsupported_context', 'unsupported_context'],
    });
  });

  it('takes a request by GET for nobody else either', async () => {
    const shared = {};
    const app = await startApp(adapter, root(formerModule(() => shared)));
    const get = asGet(app);
    expect(await get('{ me }', alice)).toEqual({ data: { me: 'alice' } });
    const refused = {
      data: { me: null },
      errors: [{ extensions: { code: 'unsupported_context' } }],
    };
    expect(await get('{ me }', bob)).toMatchObject(refused);
    expect(await get('{ me }')).toMatchObject(refused);
  });
});

describe.each(APOLLO)('A context that adds headers to its request, on $name', (server) => {
  it('is that of its operation, by POST and by GET', async () => {
    const context = (given: { headers: object } & { req?: { headers: object } }) => {
      Object.assign((given.req ?? given).headers, { 'x-tenant': 'blue' });
      return { tenant: 'blue' };
    };
    const app = await startApp(server.adapter, root(graphqlModule(server, { context })));
    const get = asGet(app);
    expect((await ask(app, '{ me }', alice)).data).toEqual({ me: 'alice' });
    expect(await get('{ me }', alice)).toEqual({ data: { me: 'alice' } });
    expect(await get('{ me }', bob)).toEqual({ data: { me: 'bob' } });
    expect(await get('{ me }')).toMatchObject({
      errors: [{ extensions: { code: 'missing_token' } }],
    });
  });
});

describe.each(SERVERS)('A context with the request of somebody else, on $name', (server) => {
  it('is refused, also while that request waits for its response', async () => {
    let first: unknown;
    const context = (given: { req?: unknown }) => ({ req: (first ??= given.req ?? given) });
    const app = await startApp(server.adapter, root(graphqlModule(server, { context })));
    const running = ask(app, '{ wait me }', alice);
    await isWaiting;
    expect((await ask(app, '{ me }')).codes).toEqual(['unsupported_context']);
    expect((await ask(app, '{ me }', bob)).codes).toEqual(['unsupported_context']);
    open();
    expect((await running).data).toEqual({ wait: 'waited', me: 'alice' });
    expect((await ask(app, '{ me }')).codes).toEqual(['unsupported_context']);
  });
});
