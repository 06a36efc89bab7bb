import {
  Catch,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
  type ExceptionFilter,
  type INestApplication,
  type ModuleMetadata,
} from '@nestjs/common';
import { Field, ObjectType, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import {
  Authenticated,
  Claims,
  CognitoAuthError,
  CognitoAuthModule,
  type CognitoAuthOptions,
  type CognitoPrincipal,
  CognitoGuard,
  CurrentUser,
  fromBearerHeader,
  type IdentityResolver,
  OptionalAuth,
  Principal,
  Public,
  RawToken,
  Scopes,
  TokenUse,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CapturedLog } from '../attacks/captured-log.js';
import { createApp, startApp } from '../support/app.js';
import { ask, askTogether, graphqlModule, SERVERS } from './graphql.servers.js';
import { Recipes, RecipesResolver } from './recipes.resolver.js';

@ObjectType()
class Caller {
  @Field(() => String, { nullable: true })
  username?: string;

  @Field(() => String, { nullable: true })
  kind?: string;

  @Field(() => String, { nullable: true })
  sub?: string;

  @Field(() => Boolean)
  hasToken: boolean;
}

/** Who asks, as each decorator sees it. */
function callerOf(
  user?: { username: string },
  principal?: CognitoPrincipal,
  sub?: string,
  token?: string,
) {
  return { username: user?.username, kind: principal?.kind, sub, hasToken: token !== undefined };
}

@Resolver(() => Caller)
class CallerResolver {
  @Query(() => Caller)
  @Authenticated()
  me(
    @CurrentUser() user: { username: string },
    @Principal() principal: CognitoPrincipal,
    @Claims('sub') sub: string,
    @RawToken() token: string,
  ) {
    return callerOf(user, principal, sub, token);
  }

  @Query(() => Caller)
  @OptionalAuth()
  visitor(
    @CurrentUser() user?: { username: string },
    @Principal() principal?: CognitoPrincipal,
    @Claims('sub') sub?: string,
    @RawToken() token?: string,
  ) {
    return callerOf(user, principal, sub, token);
  }

  @ResolveField(() => Caller)
  @Authenticated()
  again(
    @CurrentUser() user: { username: string },
    @Principal() principal: CognitoPrincipal,
    @Claims('sub') sub: string,
    @RawToken() token: string,
  ) {
    return callerOf(user, principal, sub, token);
  }
}

/** A resolver for each request, whose guard is one, too. */
@Injectable({ scope: Scope.REQUEST })
@Resolver(() => String)
@UseGuards(CognitoGuard)
class OfRequestResolver {
  @Query(() => String)
  ofRequest(@CurrentUser('username') username: string) {
    return username;
  }
}

@Resolver()
class RuledResolver {
  @Query(() => String, { nullable: true })
  @Scopes('recipes/read')
  scoped() {
    return 'came in';
  }

  @Query(() => String, { nullable: true })
  @TokenUse('id')
  identified() {
    return 'came in';
  }
}

class CountingIdentity implements IdentityResolver {
  static calls = 0;

  resolve(principal: CognitoPrincipal) {
    CountingIdentity.calls += 1;
    return principal.claims['username'] === 'eve' ? null : principal;
  }
}

/** What an application may not return for every operation. */
const SHARED = { shop: 'Berlin' };

let extractions = 0;
const bearer = fromBearerHeader();

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['cooks'] }, { username: 'bob' }, { username: 'eve' }],
  });
  alice = pool.accessToken('alice');
  bob = pool.accessToken('bob');
});

function auth(options: Partial<CognitoAuthOptions> & { protectAll?: boolean } = {}) {
  return CognitoAuthModule.forRoot({
    ...pool.options(),
    identity: CountingIdentity,
    tokenFrom: (request) => {
      extractions += 1;
      return bearer(request);
    },
    ...options,
  });
}

const PROVIDERS = [Recipes, RecipesResolver, CallerResolver, OfRequestResolver, RuledResolver];

describe.each(SERVERS)('GraphQL on $name', (server) => {
  let app: INestApplication;
  const log = new CapturedLog();

  beforeAll(async () => {
    const root: ModuleMetadata = { imports: [auth(), graphqlModule(server)], providers: PROVIDERS };
    app = await createApp(server.adapter, root, { logger: log });
  });

  afterAll(() => app.close());

  beforeEach(() => {
    extractions = 0;
    CountingIdentity.calls = 0;
    log.clear();
  });

  it('answers queries and mutations of those who may', async () => {
    const answer = await ask(app, '{ recipes { title secret } }', alice);
    expect(answer).toMatchObject({
      status: 200,
      data: { recipes: [{ title: 'Pancakes', secret: 'Pancakes need a pinch of salt' }] },
      codes: [],
    });
    const added = await ask(app, 'mutation { addRecipe(title: "Soup") { author } }', alice);
    expect(added).toMatchObject({ data: { addRecipe: { author: 'alice' } }, codes: [] });
    expect(await ask(app, '{ motto }')).toMatchObject({ data: { motto: 'Everybody can cook' } });
    expect(await ask(app, '{ motto }', 'garbage')).toMatchObject({ codes: [] });
  });

  it.each([
    ['missing_token', '{ recipes { id } }', () => undefined],
    ['malformed_request', '{ recipes { id } }', () => 'two tokens'],
    ['malformed_token', '{ recipes { id } }', () => 'garbage'],
    ['invalid_signature', '{ recipes { id } }', () => pool.forgedToken()],
    ['token_expired', '{ recipes { id } }', () => pool.accessToken('alice', { expiresIn: -1 })],
    ['wrong_token_use', '{ recipes { id } }', () => pool.idToken('alice')],
    ['unknown_user', '{ recipes { id } }', () => pool.accessToken('eve')],
    ['insufficient_scope', '{ scoped }', () => alice],
    ['wrong_token_use', '{ identified }', () => alice],
    ['insufficient_group', 'mutation { addRecipe(title: "Soup") { id } }', () => bob],
  ])('refuses with %s: %s', async (code, query, token) => {
    const answer = await ask(app, query, token());
    // The operation was well-formed and executed: GraphQL over HTTP asks for 200.
    expect(answer.status).toBe(200);
    expect(answer.codes).toEqual([code]);
    expect(answer.errors).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/^[\x20-\x7e]+$/) }),
    ]);
    expect(answer.data ?? {}).not.toHaveProperty('recipes');
    expect(JSON.stringify(answer.errors)).not.toMatch(/http|\.ts|\.js|stack/);
    expect(log.text).not.toContain('ExceptionsHandler');
  });

  it('answers 200 to those who ask for application/graphql-response+json, too', async () => {
    const accept = 'application/graphql-response+json';
    const answer = await ask(app, '{ scoped }', undefined, { accept });
    expect(answer).toMatchObject({ status: 200, data: { scoped: null }, codes: ['missing_token'] });
  });

  it('leaves out only the fields that are refused', async () => {
    const answer = await ask(app, '{ recipes { title secret } motto }', bob);
    expect(answer).toMatchObject({
      status: 200,
      data: { recipes: [{ title: 'Pancakes', secret: null }, {}], motto: 'Everybody can cook' },
      codes: ['insufficient_group', 'insufficient_group'],
    });
    expect(answer.errors?.[0]?.path?.map(String)).toEqual(['recipes', '0', 'secret']);
  });

  it('tells each decorator who asks, in queries and in fields', async () => {
    const fields = 'username kind sub hasToken';
    const known = { username: 'alice', kind: 'user', sub: expect.any(String), hasToken: true };
    const me = await ask(app, `{ me { ${fields} again { ${fields} } } }`, alice);
    expect(me.data).toEqual({ me: { ...known, again: known } });
    expect((await ask(app, `{ visitor { ${fields} } }`, alice)).data).toEqual({ visitor: known });
    expect((await ask(app, `{ visitor { ${fields} } }`)).data).toEqual({
      visitor: { username: null, kind: null, sub: null, hasToken: false },
    });
  });

  it('verifies a token once for an operation, and asks who it is once', async () => {
    const query =
      '{ a: me { again { username } } b: me { again { username } } recipes { secret } }';
    const { codes } = await ask(app, query, alice);
    expect(codes).toEqual([]);
    expect(extractions).toBe(1);
    expect(CountingIdentity.calls).toBe(1);
  });

  it('verifies a bad token once for an operation, too, and refuses every field', async () => {
    const query = '{ a: recipes { id } b: recipes { id } c: me { username } }';
    const { codes } = await ask(app, query, pool.forgedToken());
    expect(codes).toContain('invalid_signature');
    expect(new Set(codes).size).toBe(1);
    expect(extractions).toBe(1);
  });

  it('serves resolvers that are created for each request', async () => {
    expect((await ask(app, '{ ofRequest }', alice)).data).toEqual({ ofRequest: 'alice' });
    expect((await ask(app, '{ ofRequest }', bob)).data).toEqual({ ofRequest: 'bob' });
    expect((await ask(app, '{ ofRequest }')).codes).toEqual(['missing_token']);
  });

  it('answers the operations of a batch each for itself', async () => {
    const queries = [
      '{ me { username } }',
      'mutation { addRecipe(title: "Pie") { id } }',
      '{ motto }',
    ];
    const [me, added, motto] = await askTogether(app, queries, bob);
    expect(me).toMatchObject({ data: { me: { username: 'bob' } }, codes: [] });
    expect(added?.codes).toEqual(['insufficient_group']);
    expect(motto).toMatchObject({ data: { motto: 'Everybody can cook' } });
  });

  it('keeps callers apart who ask at the same time', async () => {
    const tokens = Array.from({ length: 20 }, (_, index) => (index % 2 ? alice : bob));
    const answers = await Promise.all(
      tokens.map((token) => ask(app, '{ me { again { username } } }', token)),
    );
    expect(answers.map(({ data }) => data)).toEqual(
      tokens.map((token) => ({ me: { again: { username: token === alice ? 'alice' : 'bob' } } })),
    );
  });
});

describe.each(SERVERS)('An application of GraphQL on $name', (server) => {
  const start = (
    root: ModuleMetadata & {
      auth?: Parameters<typeof auth>[0];
      graphql?: Parameters<typeof graphqlModule>[1];
    },
    logger?: CapturedLog,
  ) => {
    const { auth: options, graphql, ...metadata } = root;
    const imports = [auth(options), graphqlModule(server, graphql)];
    return startApp(server.adapter, { imports, ...metadata }, { logger });
  };

  it('is protected as a whole by one option', async () => {
    @Resolver()
    class BareResolver {
      @Query(() => String, { nullable: true })
      bare() {
        return 'came in';
      }

      @Query(() => String)
      @Public()
      open() {
        return 'came in';
      }
    }

    const app = await start({ auth: { protectAll: true }, providers: [BareResolver] });
    expect(await ask(app, '{ bare open }')).toMatchObject({
      data: { bare: null, open: 'came in' },
      codes: ['missing_token'],
    });
    expect((await ask(app, '{ bare open }', bob)).data).toEqual({
      bare: 'came in',
      open: 'came in',
    });
  });

  it('does not boot when the guard of a field would not run', async () => {
    const booting = start({ providers: PROVIDERS, graphql: { fieldResolverEnhancers: [] } });
    await expect(booting).rejects.toThrow(
      `The rule of RecipesResolver.secret needs "fieldResolverEnhancers: ['guards']"`,
    );
  });

  it('boots without guards of fields when no rule asks for one', async () => {
    @Resolver(() => Caller)
    class FieldsResolver {
      @Query(() => Caller)
      @Authenticated()
      me() {
        return { hasToken: true };
      }

      @ResolveField(() => String)
      loud(@Parent() { hasToken }: Caller) {
        return `HAS TOKEN: ${hasToken}`;
      }
    }
    const app = await start({
      providers: [FieldsResolver],
      graphql: { fieldResolverEnhancers: [] },
    });
    expect((await ask(app, '{ me { loud } }', alice)).data).toEqual({
      me: { loud: 'HAS TOKEN: true' },
    });
    expect((await ask(app, '{ me { loud } }')).codes).toEqual(['missing_token']);
  });

  it('may catch refusals, which are CognitoAuthErrors', async () => {
    const caught: unknown[] = [];

    @Catch(CognitoAuthError)
    class Refusals implements ExceptionFilter<CognitoAuthError> {
      catch(error: CognitoAuthError) {
        caught.push(error.code, error.getStatus(), error.getResponse(), error.challenge('api'));
        return error;
      }
    }

    @Resolver()
    class CaughtResolver {
      @Query(() => String, { nullable: true })
      @Scopes('recipes/read')
      @UseFilters(Refusals)
      scoped() {
        return 'came in';
      }
    }

    const app = await start({ providers: [CaughtResolver] });
    expect((await ask(app, '{ scoped }', alice)).codes).toEqual(['insufficient_scope']);
    expect(caught).toEqual([
      'insufficient_scope',
      403,
      expect.objectContaining({ statusCode: 403, code: 'insufficient_scope' }),
      expect.stringContaining('scope="recipes/read"'),
    ]);
  });

  it('says when a retry makes sense when the fault is not of the caller', async () => {
    class Broken {
      groupsOf(): never {
        throw new Error('The database is down');
      }
    }
    const app = await startApp(server.adapter, {
      imports: [
        CognitoAuthModule.forRoot({ ...pool.options(), groups: Broken }),
        graphqlModule(server),
      ],
      providers: [RuledResolver],
    });
    const { errors } = await ask(app, '{ scoped }', alice);
    expect(errors?.[0]?.extensions).toEqual({ code: 'hook_failed', retryAfter: 1 });
  });

  describe.each([
    ['one object for all', () => ({ shop: 'Berlin' })],
    ['a function that returns it', () => () => SHARED],
  ])('whose context is %s', (_kind, contextOf) => {
    // Apollo gets a copy for each operation; what Mercurius gets is no proof of who asks.
    const isCopied = server.driver === 'apollo';
    const nameIn = ({ data, codes }: Awaited<ReturnType<typeof ask>>) =>
      (data as { me: { username: string } } | null)?.me.username ?? codes[0];

    it('keeps its callers apart, or refuses them', async () => {
      const log = new CapturedLog();
      const app = await start({ providers: PROVIDERS, graphql: { context: contextOf() } }, log);
      const names = [];
      for (const token of [alice, bob, alice]) {
        names.push(nameIn(await ask(app, '{ me { username } }', token)));
      }
      const refused = 'unsupported_context';
      expect(names).toEqual(isCopied ? ['alice', 'bob', 'alice'] : ['alice', refused, refused]);
      const remedy =
        /"context" in the options of GraphQLModule be a function that returns a new object/g;
      expect(log.text.match(remedy) ?? []).toHaveLength(isCopied ? 0 : 1);
    });

    it('keeps them apart at the same time', async () => {
      const app = await start({ providers: PROVIDERS, graphql: { context: contextOf() } });
      const names = ['alice', 'bob', 'alice', 'bob', 'bob', 'alice'];
      const answers = await Promise.all(
        names.map((name) =>
          ask(app, '{ me { username again { username } } }', name === 'alice' ? alice : bob),
        ),
      );
      const others = answers.filter((answer, index) => {
        const { me } = (answer.data ?? {}) as { me?: { username: string } };
        return me && me.username !== names[index];
      });
      expect(others).toEqual([]);
      expect(answers.some(({ codes }) => codes.length > 0)).toBe(!isCopied);
    });
  });
});

describe('Mercurius', () => {
  it('refuses in the queries that it compiles, too', async () => {
    const [, , server] = SERVERS;
    const imports = [auth(), graphqlModule(server, { jit: 1 })];
    const app = await startApp(server.adapter, { imports, providers: PROVIDERS });
    for (let round = 0; round < 3; round += 1) {
      expect((await ask(app, '{ me { username } }', alice)).codes).toEqual([]);
      expect((await ask(app, '{ me { username } }', bob)).data).toEqual({
        me: { username: 'bob' },
      });
      const { errors } = await ask(app, '{ me { username } }');
      expect(errors?.[0]?.extensions).toEqual({ code: 'missing_token' });
    }
  });
});

describe('Apollo', () => {
  it('answers with the status of a refusal when Nest is told to leave it', async () => {
    const [server] = SERVERS;
    const imports = [
      auth(),
      graphqlModule(server, { preserveHttpStatusForExecutionErrors: false }),
    ];
    const app = await startApp(server.adapter, { imports, providers: PROVIDERS });
    expect(await ask(app, '{ scoped }')).toMatchObject({ status: 401, codes: ['missing_token'] });
    expect(await ask(app, '{ scoped }', alice)).toMatchObject({ status: 403 });
  });
});
