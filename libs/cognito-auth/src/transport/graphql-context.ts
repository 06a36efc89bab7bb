import type { UpgradeRequest } from './graphql-connection.js';

/** Token of what `GraphQLModule` was told; @nestjs/graphql does not export it. */
export const GRAPHQL_OPTIONS = 'GqlModuleOptions';

export const CONNECTION_INIT = '_connectionInit';

/** Members that servers and the drivers of Nest put on the object that all resolvers share. */
export interface GraphqlContext {
  /** Put there by Nest: the request, or what graphql-ws knows of the connection. */
  readonly req?: unknown;
  /** Of Mercurius. */
  readonly reply?: { readonly request?: unknown };
  /** Of Mercurius, over a socket: the upgrade request, and what the client sent to connect. */
  readonly request?: UpgradeRequest;
  readonly [CONNECTION_INIT]?: unknown;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
