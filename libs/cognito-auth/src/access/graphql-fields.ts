import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { effectiveRulesOf } from './effective-rules.js';
import type { Handler } from './handlers.js';
import { hasCognitoGuard } from './rule-metadata.js';

/** What `GraphQLModule` was told; @nestjs/graphql keeps it under this token. */
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

interface GraphqlOptions {
  readonly driver?: { readonly name?: string };
  readonly include?: readonly unknown[];
  readonly fieldResolverEnhancers?: readonly string[];
}

/** What the decorators of @nestjs/graphql leave on a handler, or on its class. */
const METADATA = {
  type: 'graphql:resolver_type',
  field: 'graphql:resolve_property',
  reference: 'graphql:resolve_reference',
} as const;

const ROOT_TYPES = new Set<unknown>(['Query', 'Mutation', 'Subscription']);

/**
 * The protected fields and references of GraphQL whose guards do not run: Nest leaves them out
 * unless `fieldResolverEnhancers` asks for them, whatever is written on the resolver.
 */
export function unguardedFields(
  handlers: readonly Handler[],
  modules: ModulesContainer,
  application: ApplicationConfig,
): Handler[] {
  const unguarding = [...modules.values()]
    .map(({ providers }) => providers.get(GRAPHQL_OPTIONS)?.instance as GraphqlOptions | undefined)
    .filter((options) => options && !options.fieldResolverEnhancers?.includes('guards'));
  if (unguarding.length === 0) return [];
  return handlers.filter((handler) =>
    unguarding.some(
      (options = {}) =>
        isField(handler) &&
        isServed(handler, options) &&
        isMeantToBeGuarded(handler, options, application),
    ),
  );
}

function isField({ controller, handler, name }: Handler): boolean {
  // Nest never guards what tells the type of an object.
  if (name === '__resolveType') return false;
  const isDecorated = [METADATA.field, METADATA.reference].some((key) =>
    Boolean(Reflect.getMetadata(key, handler)),
  );
  const type: unknown =
    Reflect.getMetadata(METADATA.type, handler) ?? Reflect.getMetadata(METADATA.type, controller);
  return isDecorated && !ROOT_TYPES.has(type);
}

function isServed({ module }: Handler, { include = [] }: GraphqlOptions): boolean {
  return include.length === 0 || include.includes(module.metatype);
}

/**
 * A guard of the whole application protects the fields of what guarded queries return. Those of a
 * subgraph can be asked for without a query: it answers for every entity whose key is named.
 */
function isMeantToBeGuarded(
  { handler, controller }: Handler,
  { driver }: GraphqlOptions,
  application: ApplicationConfig,
): boolean {
  const rules = effectiveRulesOf({ handler, controller }, application);
  if (!rules || rules.mode === 'public') return false;
  const isSubgraph = driver?.name?.includes('Federation') ?? false;
  return hasCognitoGuard(handler) || hasCognitoGuard(controller) || isSubgraph;
}
