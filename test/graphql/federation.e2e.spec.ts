import { ApolloFederationDriver } from '@nestjs/apollo';
import type { ApolloFederationDriverConfig } from '@nestjs/apollo';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import {
  Directive,
  Field,
  GraphQLModule,
  ID,
  ObjectType,
  Parent,
  ResolveField,
  ResolveReference,
  Resolver,
  Query,
} from '@nestjs/graphql';
import { MercuriusFederationDriver } from '@nestjs/mercurius';
import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  Authenticated,
  CognitoAuthModule,
  CurrentUser,
  Groups,
  Principal,
  RawToken,
  type CognitoPrincipal,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { startApp } from '../support/app.js';
import { ask } from './graphql.servers.js';

@ObjectType()
@Directive('@key(fields: "id")')
class Cook {
  @Field(() => ID)
  id: string;

  @Field(() => String, { nullable: true })
  seenBy?: string;
}

@Resolver(() => Cook)
class CooksResolver {
  @Query(() => String)
  @Authenticated()
  kitchen() {
    return 'Berlin';
  }

  @ResolveReference()
  @Authenticated()
  resolveReference(
    @Parent() { id }: { id: string },
    @CurrentUser('username') username: string,
    @Principal() { kind }: CognitoPrincipal,
    @RawToken() token: string,
  ): Cook {
    return { id, seenBy: `${kind} ${username}${token ? '' : ' without a token'}` };
  }

  @ResolveField(() => String, { nullable: true })
  @Groups('cooks')
  salary(@Parent() { id }: Cook) {
    return `salary of ${id}`;
  }
}

/** A subgraph whose references need no rule of their own: all of it is protected. */
@Resolver(() => Cook)
class BareResolver {
  @Query(() => String, { nullable: true })
  kitchen() {
    return 'Berlin';
  }

  @ResolveReference()
  resolveReference({ id }: { id: string }): Cook {
    return { id };
  }
}

type Enhancers = ApolloFederationDriverConfig['fieldResolverEnhancers'];

const SUBGRAPHS = [
  {
    name: 'Apollo with Express',
    adapter: 'express',
    module: (fieldResolverEnhancers: Enhancers): DynamicModule =>
      GraphQLModule.forRoot<ApolloFederationDriverConfig>({
        driver: ApolloFederationDriver,
        autoSchemaFile: { federation: 2 },
        buildSchemaOptions: { orphanedTypes: [Cook] },
        fieldResolverEnhancers,
        graphiql: false,
      }),
  },
  {
    name: 'Mercurius',
    adapter: 'fastify',
    module: (fieldResolverEnhancers: Enhancers): DynamicModule =>
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusFederationDriver,
        autoSchemaFile: { federation: 2 },
        buildSchemaOptions: { orphanedTypes: [Cook] },
        fieldResolverEnhancers,
      }),
  },
] as const;

const ENTITIES = `query ($refs: [_Any!]!) {
  _entities(representations: $refs) { ... on Cook { id seenBy salary } }
}`;
const BARE_ENTITIES = ENTITIES.replace('salary', '');
const variables = { refs: [{ __typename: 'Cook', id: '7' }] };

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['cooks'] }, { username: 'bob' }],
  });
});

describe.each(SUBGRAPHS)('A subgraph on $name', ({ adapter, module }) => {
  const start = (
    resolver: typeof CooksResolver | typeof BareResolver,
    enhancers: Enhancers,
  ): Promise<INestApplication> =>
    startApp(adapter, {
      imports: [
        CognitoAuthModule.forRoot({ ...pool.options(), protectAll: resolver === BareResolver }),
        module(enhancers),
      ],
      providers: [resolver],
    });

  it('guards its references and their fields', async () => {
    const app = await start(CooksResolver, ['guards']);
    const askFor = (token?: string) => ask(app, ENTITIES, token, { variables });
    const cook = { id: '7', seenBy: 'user alice', salary: 'salary of 7' };
    expect(await askFor(pool.accessToken('alice'))).toMatchObject({
      data: { _entities: [cook] },
      codes: [],
    });
    expect(await askFor(pool.accessToken('bob'))).toMatchObject({
      data: { _entities: [{ id: '7', seenBy: 'user bob', salary: null }] },
      codes: ['insufficient_group'],
    });
    expect(await askFor()).toMatchObject({
      status: 200,
      data: { _entities: [null] },
      codes: ['missing_token'],
    });
    expect((await askFor(pool.forgedToken())).codes).toEqual(['invalid_signature']);
  });

  it('guards references when all of it is protected', async () => {
    const app = await start(BareResolver, ['guards']);
    const askFor = (token?: string) => ask(app, BARE_ENTITIES, token, { variables });
    expect((await askFor()).codes).toEqual(['missing_token']);
    expect((await askFor(pool.accessToken('bob'))).data).toMatchObject({
      _entities: [{ id: '7' }],
    });
  });

  it.each([
    ['has a rule', CooksResolver],
    ['belongs to an application that is protected as a whole', BareResolver],
  ])('does not boot without guards of references when one %s', async (_why, resolver) => {
    await expect(start(resolver, [])).rejects.toThrow(
      `The rule of ${resolver.name}.resolveReference needs "fieldResolverEnhancers: ['guards']"`,
    );
  });
});

describe('A subgraph that is protected as a whole', () => {
  /** What many write to set options of their own; a build may give it any name. */
  class SubgraphDriver extends ApolloFederationDriver {}
  const minified = { a: class extends ApolloFederationDriver {} }.a;

  /** An entity that a subgraph serves by its key alone. */
  @Resolver(() => Cook)
  class KeyedResolver {
    @Query(() => String, { nullable: true })
    kitchen() {
      return 'Berlin';
    }

    @ResolveField(() => String, { nullable: true })
    seenBy(@Parent() { id }: Cook) {
      return `whoever asks for ${id}`;
    }
  }

  const options = {
    autoSchemaFile: { federation: 2 as const },
    buildSchemaOptions: { orphanedTypes: [Cook] },
    graphiql: false,
  };
  const start = (graphql: DynamicModule, resolver: new () => object) =>
    startApp('express', {
      imports: [CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true }), graphql],
      providers: [resolver],
    });

  it.each([
    ['ApolloFederationDriver', ApolloFederationDriver],
    ['a subclass of it', SubgraphDriver],
    ['a minified one', minified],
  ])('does not boot without guards of references, with %s', async (_name, driver) => {
    const given = GraphQLModule.forRoot<ApolloFederationDriverConfig>({ driver, ...options });
    const made = GraphQLModule.forRootAsync<ApolloFederationDriverConfig>({
      driver,
      useFactory: () => options,
    });
    for (const graphql of [given, made]) {
      // oxlint-disable-next-line no-await-in-loop -- one application after the other
      await expect(start(graphql, BareResolver)).rejects.toThrow(
        'The rule of BareResolver.resolveReference needs "fieldResolverEnhancers',
      );
      // oxlint-disable-next-line no-await-in-loop -- one application after the other
      await expect(start(graphql, KeyedResolver)).rejects.toThrow(
        'The rule of KeyedResolver.seenBy needs "fieldResolverEnhancers',
      );
    }
  });

  it('does not boot either where an imported module has the resolver', async () => {
    const inner = { module: class InnerModule {}, providers: [BareResolver] };
    const outer = { module: class OuterModule {}, imports: [inner] };
    const graphql = GraphQLModule.forRoot<ApolloFederationDriverConfig>({
      driver: SubgraphDriver,
      include: [outer.module],
      ...options,
    });
    const starting = startApp('express', {
      imports: [CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true }), graphql, outer],
    });
    await expect(starting).rejects.toThrow('The rule of BareResolver.resolveReference needs');
  });
});
