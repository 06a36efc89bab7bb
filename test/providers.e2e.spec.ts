import { Injectable, Module } from '@nestjs/common';
import { ApolloDriver } from '@nestjs/apollo';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { BullModule } from '@nestjs/bullmq';
import { ModulesContainer } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { GraphQLModule, Query, Resolver } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import { Keyv } from 'keyv';
import { WsAdapter } from '@nestjs/platform-ws';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import { DocumentBuilder } from '@nestjs/swagger';
import { CognitoAuthModule, MemoryRevocationStore, Public } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule } from 'nestjs-cognito-auth/hosted-ui';
import { setupCognitoSwagger } from 'nestjs-cognito-auth/swagger';
import { withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import { describe, expect, it } from 'vitest';
import { startApp } from './support/app.js';

const clientId = '1h57kf5cpq17m0eml12EXAMPLE';
const USER_POOL = {
  userPoolId: 'eu-west-1_AbCdEf123',
  clientId,
  keys: { preload: 'lazy' },
} as const;
const HOSTED_UI = {
  domain: 'https://example.auth.eu-west-1.amazoncognito.com',
  clientId,
  redirectUri: 'http://localhost:3000/auth/callback',
  logoutUri: 'http://localhost:3000/',
  cookies: { secret: 'a secret of the tests that is long enough' },
};
const HOOKS = {
  identity: { useValue: { resolve: async () => null } },
  groups: { useValue: { groupsOf: async () => [] } },
  permissions: { useValue: { permissionsOf: async () => [] } },
  revocation: MemoryRevocationStore,
};

const everything = () => [
  CognitoAuthModule.forRoot({ ...USER_POOL, ...HOOKS, protectAll: true }),
  CognitoHostedUiModule.forRoot({ ...HOSTED_UI, store: new Keyv() }),
];

const APPLICATIONS = {
  'the module alone': () => [CognitoAuthModule.forRoot(USER_POOL)],
  'the module with options from a factory': () => [
    CognitoAuthModule.forRootAsync({ useFactory: () => USER_POOL }),
    CognitoHostedUiModule.forRootAsync({ useFactory: () => HOSTED_UI }),
  ],
  'hosted pages whose sessions are in cookies': () => [
    CognitoAuthModule.forRoot(USER_POOL),
    CognitoHostedUiModule.forRoot(HOSTED_UI),
  ],
  'all modules with all hooks': everything,
};

/** Others walk all providers, too: @nestjs/graphql, @nestjs/schedule, @nestjs/cqrs … */
describe('The providers', () => {
  it.each(Object.entries(APPLICATIONS))('of %s have a constructor', async (_name, imports) => {
    const app = await startApp('express', { imports: imports() });
    const instances = [...app.get(ModulesContainer).values()].flatMap(({ providers }) =>
      [...providers].map(([token, { instance }]) => [token, instance] as const),
    );
    const odd = instances.filter(
      ([, instance]) =>
        instance !== null && instance !== undefined && typeof instance.constructor !== 'function',
    );
    expect(odd.map(([token]) => token)).toEqual([]);
    expect(instances.length).toBeGreaterThan(10);
  });
});

@Resolver()
class GreetingResolver {
  @Query(() => String)
  @Public()
  hello() {
    return 'hello';
  }
}

/** Things that other modules find by walking all providers. */
@Injectable()
class Jobs {
  readonly done: string[] = [];

  @Cron('0 0 1 1 *')
  celebrate() {
    this.done.push('celebrate');
  }

  @OnEvent('order')
  notice() {
    this.done.push('notice');
  }
}

const apollo = GraphQLModule.forRoot<ApolloDriverConfig>({
  driver: ApolloDriver,
  autoSchemaFile: true,
});
const mercurius = GraphQLModule.forRoot<MercuriusDriverConfig>({
  driver: MercuriusDriver,
  autoSchemaFile: true,
});

describe('An application with hosted pages', () => {
  it.each([
    ['Apollo', 'express', apollo],
    ['Mercurius', 'fastify', mercurius],
  ] as const)(
    'has everything else, with the GraphQL of %s on %s',
    async (_driver, adapter, graphql) => {
      @Module({
        imports: [
          ...everything(),
          graphql,
          ScheduleModule.forRoot(),
          CqrsModule.forRoot(),
          EventEmitterModule.forRoot(),
          // Connects with the first queue only.
          BullModule.forRoot({ connection: { host: '127.0.0.1', lazyConnect: true } }),
        ],
        providers: [GreetingResolver, Jobs],
      })
      class ShopModule {}

      const app = await startApp(
        adapter,
        { imports: [ShopModule] },
        {
          configure: (created) => {
            created.useWebSocketAdapter(withCognitoAuth(created, new WsAdapter(created)));
            setupCognitoSwagger(created, 'docs', new DocumentBuilder());
          },
        },
      );
      const answer = await fetch(`${await app.getUrl()}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: '{ hello }' }),
      });
      expect(await answer.json()).toEqual({ data: { hello: 'hello' } });
    },
  );
});
