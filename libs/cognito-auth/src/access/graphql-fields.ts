import type { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { Module } from '@nestjs/core/injector/module.js';
import { effectiveRulesOf, namesGuard } from './effective-rules.js';
import { GRAPHQL } from './handlers.js';
import type { Handler } from './handlers.js';
import { ruledClasses } from './rule-metadata.js';

/** What `GraphQLModule` was told; @nestjs/graphql keeps it under this token. */
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

interface GraphqlOptions {
  readonly include?: readonly unknown[];
  readonly fieldResolverEnhancers?: readonly string[];
}

/** One `GraphQLModule` of the application. */
interface GraphqlServer {
  readonly options: GraphqlOptions;
  /** What it serves: the modules that it includes, and what they import. */
  readonly modules: ReadonlySet<Module>;
  readonly isSubgraph: boolean;
}

/** What the decorators of @nestjs/graphql leave on the class of a type. */
const CLASS_TYPE = 'graphql:class_type';

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
  const servers = [...modules.values()]
    .map((module) => serverOf(module, modules, handlers))
    .filter((server) => server && !server.options.fieldResolverEnhancers?.includes('guards'));
  return handlers.filter((handler) =>
    servers.some(
      (server) =>
        server?.modules.has(handler.module) &&
        isField(handler) &&
        isMeantToBeGuarded(handler, server, application),
    ),
  );
}

/**
 * The classes with rules that are object types, and the like: what @nestjs/graphql serves without
 * any guard, because it belongs to no provider.
 */
export function ruledTypes(handlers: readonly Handler[], modules: ModulesContainer): string[] {
  if (![...modules.values()].some(({ providers }) => providers.has(GRAPHQL_OPTIONS))) return [];
  const provided = new Set(handlers.map(({ controller }) => controller));
  return ruledClasses()
    .filter((type) => Reflect.hasOwnMetadata(CLASS_TYPE, type) && !provided.has(type))
    .map(({ name }) => name);
}

function serverOf(
  { providers }: Module,
  modules: ModulesContainer,
  handlers: readonly Handler[],
): GraphqlServer | undefined {
  const options = providers.get(GRAPHQL_OPTIONS)?.instance as GraphqlOptions | undefined;
  if (!options) return undefined;
  const { include = [] } = options;
  const included = [...modules.values()].filter(({ metatype }) => include.includes(metatype));
  const served = include.length === 0 ? new Set(modules.values()) : withImports(included);
  const hasReferences = handlers.some(
    ({ handler, module }) => served.has(module) && Reflect.hasMetadata(GRAPHQL.reference, handler),
  );
  const isSubgraph = hasReferences || [...providers.values()].some(buildsSubgraph);
  return { options, modules: served, isSubgraph };
}

function withImports(modules: Iterable<Module>): Set<Module> {
  const found = new Set(modules);
  // What is added to a set is visited, too.
  for (const { imports } of found) for (const imported of imports) found.add(imported);
  return found;
}

/** Entities without a reference resolver are served, too, by a driver that has this factory. */
function buildsSubgraph({ instance }: InstanceWrapper): boolean {
  return (
    typeof instance === 'object' && instance !== null && 'graphqlFederationFactory' in instance
  );
}

function isField({ controller, handler, name }: Handler): boolean {
  // Nest never guards what tells the type of an object.
  if (name === '__resolveType') return false;
  const isDecorated = [GRAPHQL.field, GRAPHQL.reference].some((key) =>
    Boolean(Reflect.getMetadata(key, handler)),
  );
  const type: unknown =
    Reflect.getMetadata(GRAPHQL.type, handler) ?? Reflect.getMetadata(GRAPHQL.type, controller);
  return isDecorated && !ROOT_TYPES.has(type);
}

/**
 * A guard of the whole application protects the fields of what guarded queries return. Those of a
 * subgraph can be asked for without a query: it answers for every entity whose key is named.
 */
function isMeantToBeGuarded(
  place: Handler,
  { isSubgraph }: GraphqlServer,
  application: ApplicationConfig,
): boolean {
  const rules = effectiveRulesOf(place, application);
  if (!rules || rules.mode === 'public') return false;
  return isSubgraph || namesGuard(place);
}
