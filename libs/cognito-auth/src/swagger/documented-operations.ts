import { RequestMethod } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import type { RouteInfo } from '../index.js';
import { documentedWith, isAlwaysDocumented, routesByPath } from './documented-routes.js';
import type { Operation } from './open-api.js';

/** One operation of a document, and the route of every handler that stands behind it. */
export interface DocumentedOperation {
  readonly item: Record<string, Operation | undefined>;
  readonly method: string;
  readonly operation: Operation;
  /** Such as `GET /orders`, for messages. */
  readonly name: string;
  /** In Nest's order. More than one when versions share a path, or when routes collide. */
  readonly routes: readonly RouteInfo[];
}

/**
 * Finds the handlers behind the operations of a document. Operations that are of another service
 * are left out.
 *
 * @throws Error when that cannot be told from an operation of this application: where the document
 * was made before, with other options, or was changed since
 */
export function documentedOperationsOf(
  app: INestApplication,
  document: OpenAPIObject,
  { routes, options = {} }: { routes: readonly RouteInfo[]; options?: SwaggerDocumentOptions },
): DocumentedOperation[] {
  const documented = routes.filter(documentedWith(app, options));
  const operations = operationsOf(document, routesByPath(app, documented, options));
  if (operations.every(isMatched)) return operations;

  // A document may have more than its options say, such as what its author wrote by hand.
  const allRoutes = routesByPath(app, routes, options);
  const matched = operationsOf(document, allRoutes).map((operation, index) => {
    const first = operations[index];
    return first && isMatched(first) ? first : operation;
  });
  checkUnmatched(matched, documented);
  return matched.filter(isMatched);
}

const METHODS = new Set(['trace', ...Object.keys(RequestMethod).map((name) => name.toLowerCase())]);

function operationsOf(
  { paths }: OpenAPIObject,
  routesOf: ReadonlyMap<string, readonly RouteInfo[]>,
): DocumentedOperation[] {
  return Object.entries(paths).flatMap(([path, pathItem]) => {
    const item = (pathItem ?? {}) as Record<string, Operation | undefined>;
    const routes = routesOf.get(path) ?? [];
    return Object.entries(item).flatMap(([method, operation]) => {
      // A path may have parameters and a description besides.
      if (!METHODS.has(method) || !operation) return [];
      const name = `${method.toUpperCase()} ${path}`;
      return [{ item, method, operation, name, routes: routes.filter(serving(method)) }];
    });
  });
}

function serving(method: string) {
  const name = method.toUpperCase();
  return (route: RouteInfo) => route.method === name || route.method === 'ALL';
}

function isMatched({ routes }: DocumentedOperation): boolean {
  return routes.length > 0;
}

/**
 * Another service's operations stand beside all of ours, and are no copies of them.
 *
 * @param routes those that the document should have
 */
function checkUnmatched(
  operations: readonly DocumentedOperation[],
  routes: readonly RouteInfo[],
): void {
  const unmatched = operations.filter((operation) => !isMatched(operation));
  const ours = operations.filter(isMatched);
  const documented = new Set(ours.flatMap((operation) => operation.routes));
  const missing = routes
    .filter((route) => isAlwaysDocumented(route) && !documented.has(route))
    .map(({ method, path }) => `${method} ${path}`);
  const ids = new Set(ours.map(({ operation }) => operation.operationId));
  const strays =
    missing.length > 0
      ? unmatched
      : unmatched.filter(({ operation: { operationId } }) => operationId && ids.has(operationId));
  if (strays.length === 0) return;
  const absence = missing.length > 0 ? `, and it lacks ${enumerate(missing)}` : '';
  throw new Error(
    'The Swagger document cannot be matched to the application: no handler serves its ' +
      `${enumerate(strays.map(({ name }) => name))}${absence}. Call applyCognitoSecurity() after ` +
      'setGlobalPrefix() and enableVersioning(), with the document as ' +
      'SwaggerModule.createDocument() made it and with the same options (its third argument). ' +
      'Rename paths, and add operations of other services, afterwards.',
  );
}

function enumerate(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ');
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
