import { randomUUID } from 'node:crypto';
import type { DynamicModule, INestApplication } from '@nestjs/common';
import { ApolloDriver } from '@nestjs/apollo';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import { GraphQLModule } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import { CognitoAuthService, onGraphqlConnect } from 'nestjs-cognito-auth';
import request from 'supertest';
import type { Adapter } from '../support/app.js';

/** What everything has to hold on: `describe.each(SERVERS)('on $name', …)`. */
export const SERVERS = [
  { name: 'Apollo with Express', driver: 'apollo', adapter: 'express' },
  { name: 'Apollo with Fastify', driver: 'apollo', adapter: 'fastify' },
  { name: 'Mercurius', driver: 'mercurius', adapter: 'fastify' },
] as const satisfies readonly { name: string; driver: string; adapter: Adapter }[];

export type Server = (typeof SERVERS)[number];

/** What the servers are told alike. */
interface Setup {
  context?: object;
  fieldResolverEnhancers?: ApolloDriverConfig['fieldResolverEnhancers'];
  /** Whether anybody may connect, so that only the guard looks at the token. */
  isOpen?: boolean;
  /** Of Mercurius only. */
  jit?: number;
  /** Of Apollo only. */
  preserveHttpStatusForExecutionErrors?: boolean;
}

/** The GraphQL module of an application: everybody who subscribes shows a token to connect. */
export function graphqlModule(
  { driver }: Server,
  { isOpen = false, ...setup }: Setup = {},
): DynamicModule {
  const connecting = (auth: CognitoAuthService) =>
    isOpen ? {} : { onConnect: onGraphqlConnect(auth) };
  const options = {
    autoSchemaFile: true,
    fieldResolverEnhancers: ['guards' as const],
    graphiql: false,
    ...setup,
  };
  if (driver === 'apollo') {
    return GraphQLModule.forRootAsync<ApolloDriverConfig>({
      driver: ApolloDriver,
      inject: [CognitoAuthService],
      useFactory: (auth: CognitoAuthService) => ({
        ...options,
        allowBatchedHttpRequests: true,
        subscriptions: { 'graphql-ws': connecting(auth) },
      }),
    });
  }
  return GraphQLModule.forRootAsync<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    inject: [CognitoAuthService],
    useFactory: (auth: CognitoAuthService) => ({
      ...(options as object),
      allowBatchedQueries: true,
      subscription: { ...connecting(auth), fullWsTransport: true },
    }),
  });
}

/** What a client gets to see. */
export interface GraphqlAnswer {
  status: number;
  data?: unknown;
  /** The whole errors. */
  errors?: readonly {
    message: string;
    path?: readonly unknown[];
    extensions?: { code?: unknown };
  }[];
  /** Their codes, in order. */
  codes: unknown[];
  headers: Record<string, string>;
}

interface Question {
  variables?: object;
  accept?: string;
  headers?: Record<string, string>;
}

/** Sends an operation, with a token when there is one. */
export async function ask(
  app: INestApplication,
  query: string,
  token?: string,
  { variables, accept = 'application/json', headers: extra = {} }: Question = {},
): Promise<GraphqlAnswer> {
  const call = request(await app.getUrl())
    .post('/graphql')
    .set('accept', accept)
    .set(extra);
  if (token !== undefined) call.set('authorization', `Bearer ${token}`);
  const { status, headers, text } = await call.send({ query, variables });
  const body = JSON.parse(text) as Pick<GraphqlAnswer, 'data' | 'errors'>;
  return { status, headers, ...body, codes: codesOf(body) };
}

/** Sends several operations in one request. */
export async function askTogether(app: INestApplication, queries: string[], token: string) {
  const { body } = await request(await app.getUrl())
    .post('/graphql')
    .set('authorization', `Bearer ${token}`)
    .send(queries.map((query) => ({ query })));
  return (body as Pick<GraphqlAnswer, 'data' | 'errors'>[]).map((answer) => ({
    data: answer.data,
    codes: codesOf(answer),
  }));
}

function codesOf({ errors = [] }: Pick<GraphqlAnswer, 'errors'>): unknown[] {
  return errors.map(({ extensions }) => extensions?.code);
}

/** A name that nobody had before. */
export function newTitle(): string {
  return `Soup ${randomUUID()}`;
}
