import { Inject, Injectable, Module, UseGuards } from '@nestjs/common';
import type { Provider, Type } from '@nestjs/common';
import {
  CONTEXT,
  Mutation,
  Query,
  ResolveField,
  Resolver,
  ObjectType,
  Field,
} from '@nestjs/graphql';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoGuard,
  Groups,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { startApp } from '../support/app.js';
import { ask, graphqlModule, SERVERS } from './graphql.servers.js';
import type { Server } from './graphql.servers.js';

@ObjectType()
class Dish {
  @Field(() => String)
  title = 'Soup';
}

/** New classes for each application: @nestjs/graphql forgets those that another one compiled. */
const RESOLVERS: Record<string, () => Type> = {
  'created once': () => createResolver(),
  'created for each request': () => {
    const BoundResolver = createResolver();
    @Resolver(() => Dish)
    class RequestScopedResolver extends BoundResolver {
      constructor(@Inject(CONTEXT) readonly context: unknown) {
        super();
      }
    }
    return RequestScopedResolver;
  },
};

function createResolver(): Type {
  @Resolver(() => Dish)
  class BoundResolver {
    constructor() {
      this.wipe = this.wipe.bind(this);
      this.status = this.status.bind(this);
      this.secret = this.secret.bind(this);
    }

    @Mutation(() => String)
    @Groups('admin')
    wipe() {
      return 'wiped';
    }

    @Query(() => String)
    @Public()
    status() {
      return 'up';
    }

    @Query(() => Dish)
    @Public()
    dish() {
      return new Dish();
    }

    @ResolveField(() => String, { nullable: true })
    @Groups('admin')
    secret() {
      return 'salt';
    }
  }

  return BoundResolver;
}

@Resolver()
@Authenticated()
class Recipes {
  @Query(() => String)
  secret() {
    return 'salt';
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }];
  pool = await LocalUserPool.create({ users });
});

const start = (server: Server, providers: Provider[], protectAll = false) =>
  startApp(server.adapter, {
    imports: [
      CognitoAuthModule.forRoot({ ...pool.options(), protectAll }),
      graphqlModule(server, { fieldResolverEnhancers: ['guards'] }),
    ],
    providers,
  });

describe.each(SERVERS)('Operations for a function that is not the method, on $name', (server) => {
  describe.each([false, true])('with protectAll: %s', (protectAll) => {
    it.each(Object.entries(RESOLVERS))(
      'are held to the rules of a class that is %s',
      async (_, resolver) => {
        const app = await start(server, [resolver()], protectAll);
        const bob = pool.accessToken('bob');
        const alice = pool.accessToken('alice');
        expect((await ask(app, 'mutation { wipe }')).codes).toEqual(['missing_token']);
        expect((await ask(app, 'mutation { wipe }', bob)).codes).toEqual(['insufficient_group']);
        expect((await ask(app, 'mutation { wipe }', alice)).data).toEqual({ wipe: 'wiped' });
        expect((await ask(app, '{ status }')).data).toEqual({ status: 'up' });
        expect(await ask(app, '{ dish { secret } }')).toMatchObject({
          data: { dish: { secret: null } },
          codes: ['missing_token'],
        });
      },
    );
  });

  it.each<[string, Provider]>([
    ['itself', Recipes],
    ['by useClass with its own name', { provide: Recipes, useClass: Recipes }],
  ])('are guarded where the class is listed %s', async (_, provider) => {
    const app = await start(server, [provider]);
    expect((await ask(app, '{ secret }')).codes).toEqual(['missing_token']);
  });

  it('are guarded, or stop the boot, where it is listed by useClass with another name', async () => {
    const starting = start(server, [{ provide: 'RECIPES', useClass: Recipes }]);
    const answered = starting.then(async (app) => (await ask(app, '{ secret }')).codes);
    const codes = await answered.catch((error: Error) => error.message);
    expect(String(codes)).toMatch(/^missing_token$|The rule of Recipes\.secret is lost/);
  });

  const customs: [string, Provider][] = [
    ['useFactory', { provide: Recipes, useFactory: () => new Recipes() }],
    ['useFactory with another name', { provide: 'RECIPES', useFactory: () => new Recipes() }],
    ['useValue', { provide: Recipes, useValue: new Recipes() }],
  ];

  it.each(customs)('stop the boot where Nest finds no guard: %s', async (_, provider) => {
    await expect(start(server, [provider])).rejects.toThrow(
      'The rule of Recipes.secret is lost: Nest does not run CognitoGuard for it. List the class itself in "providers"',
    );
  });

  it.each(customs)('are guarded there by protectAll: %s', async (_, provider) => {
    const app = await start(server, [provider], true);
    expect((await ask(app, '{ secret }')).codes).toEqual(['missing_token']);
    expect((await ask(app, '{ secret }', pool.accessToken('bob'))).data).toEqual({
      secret: 'salt',
    });
  });

  it('are not guarded by protectAll alone where they name a guard that does more', async () => {
    @Injectable()
    class NobodyGuard extends CognitoGuard {
      override canActivate() {
        return false;
      }
    }
    @Resolver()
    @UseGuards(NobodyGuard)
    class Drinks {
      @Query(() => String)
      secret() {
        return 'sugar';
      }
    }
    const provider = { provide: Drinks, useFactory: () => new Drinks() };
    await expect(start(server, [provider], true)).rejects.toThrow(
      /The rule of Drinks\.secret is lost: Nest does not run NobodyGuard for it\. List the class itself in "providers" .* make NobodyGuard a global guard/,
    );
  });

  it.each<[string, Provider]>([
    ['useFactory', { provide: 'PORT', useFactory: (one: Recipes) => one, inject: [Recipes] }],
    ['useExisting', { provide: 'PORT', useExisting: Recipes }],
  ])('are guarded where another module hands on the resolver by %s', async (_, port) => {
    @Module({ providers: [Recipes], exports: [Recipes] })
    class RecipesModule {}
    @Module({ imports: [RecipesModule], providers: [port], exports: ['PORT'] })
    class PortModule {}
    const app = await startApp(server.adapter, {
      imports: [CognitoAuthModule.forRoot(pool.options()), graphqlModule(server), PortModule],
    });
    expect((await ask(app, '{ secret }')).codes).toEqual(['missing_token']);
    expect((await ask(app, '{ secret }', pool.accessToken('bob'))).data).toEqual({
      secret: 'salt',
    });
  });

  it('are guarded, or stop the boot, where another module makes a resolver of its own', async () => {
    @Module({ providers: [Recipes] })
    class RecipesModule {}
    @Module({ providers: [{ provide: 'OWN', useFactory: () => new Recipes() }] })
    class OwnModule {}
    const starting = startApp(server.adapter, {
      imports: [
        CognitoAuthModule.forRoot(pool.options()),
        graphqlModule(server),
        RecipesModule,
        OwnModule,
      ],
    });
    const answered = starting.then(async (app) => (await ask(app, '{ secret }')).codes);
    const codes = await answered.catch((error: Error) => error.message);
    expect(String(codes)).toMatch(/^missing_token$|The rule of Recipes\.secret is lost/);
  });

  it('stop the boot when another module provides the class', async () => {
    @Module({ providers: [{ provide: Recipes, useValue: new Recipes() }] })
    class FirstModule {}
    const starting = startApp(server.adapter, {
      imports: [CognitoAuthModule.forRoot(pool.options()), FirstModule, graphqlModule(server)],
      providers: [Recipes],
    });
    await expect(starting).rejects.toThrow('The rule of Recipes.secret is lost');
  });
});

describe('A rule on a method of an object type', () => {
  it('is warned of, because no guard runs for it', async () => {
    @ObjectType()
    class Secret {
      @Field(() => String)
      @Groups('admin')
      recipe() {
        return 'a pinch of salt';
      }
    }
    @Resolver(() => Secret)
    class SecretResolver {
      @Query(() => Secret)
      @Public()
      secret() {
        return new Secret();
      }
    }
    const warn = vi.fn<(message: string) => void>();
    const logger = { warn, log() {}, error() {} };
    const imports = [CognitoAuthModule.forRoot(pool.options()), graphqlModule(SERVERS[0])];
    await startApp('express', { imports, providers: [SecretResolver] }, { logger });
    expect(warn).toHaveBeenCalledWith(
      'The rule of Secret is on a GraphQL type, for which Nest runs no guards: write the field as a @ResolveField() of its resolver, with the rule.',
      'RuleChecks',
    );
  });
});
