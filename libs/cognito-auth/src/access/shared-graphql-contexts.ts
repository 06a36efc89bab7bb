import type { ModulesContainer } from '@nestjs/core';
import type { Module } from '@nestjs/core/injector/module.js';
import { GRAPHQL_OPTIONS, isObject } from '../transport/graphql-context.js';

interface GraphqlOptions {
  readonly context?: unknown;
}

/** Members of the drivers of @nestjs/apollo. */
interface ApolloDriver {
  readonly registerExpress: unknown;
  wrapContextResolver(options: { context: unknown }): void;
}

/**
 * Names the modules of GraphQL whose operations all get the request of the first one: up to version
 * 14.0.0, @nestjs/apollo leaves it in a `context` that is an object.
 */
export async function problemsOfGraphqlContexts(modules: ModulesContainer): Promise<string[]> {
  const drivers = [...modules.values()].filter(hasSharedContext).flatMap(apolloDriversOf);
  const isLeft = await Promise.all(drivers.map(leavesRequest));
  return isLeft.includes(true) ? [SHARED_CONTEXT] : [];
}

function hasSharedContext({ providers }: Module): boolean {
  const options = providers.get(GRAPHQL_OPTIONS)?.instance as GraphqlOptions | undefined;
  return isObject(options?.context);
}

function apolloDriversOf({ providers }: Module): ApolloDriver[] {
  return [...providers.values()]
    .map(({ instance }): unknown => instance)
    .filter(
      (instance): instance is ApolloDriver =>
        isObject(instance) && 'registerExpress' in instance && 'wrapContextResolver' in instance,
    );
}

// Asked of the driver itself: a version number would also have to be right about minor releases.
async function leavesRequest(driver: ApolloDriver): Promise<boolean> {
  const context: { req?: unknown } = {};
  const options: { context: unknown } = { context };
  driver.wrapContextResolver(options);
  if (typeof options.context !== 'function') return false;
  await options.context({ req: {} });
  return context.req !== undefined;
}

const SHARED_CONTEXT =
  'The option "context" of GraphQLModule is one object for all operations, and this version of @nestjs/apollo leaves the first request in it; let "context" be a function that returns a new object for each operation.';
