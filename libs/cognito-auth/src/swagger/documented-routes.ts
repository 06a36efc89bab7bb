import type { INestApplication } from '@nestjs/common';
import type { SwaggerDocumentOptions } from '@nestjs/swagger';
import type { RouteInfo } from '../index.js';
import { openApiPathsOf } from './open-api-paths.js';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
type Target = Function;

// What swagger reads of an application.
interface ScannedApplication {
  readonly container: {
    getModules(): Map<string, ScannedModule>;
    isGlobalModule(module: ScannedModule): boolean;
  };
  readonly config: { getGlobalPrefix(): string };
}

interface ScannedModule {
  readonly metatype: unknown;
  readonly imports: Set<ScannedModule>;
  readonly controllers: Map<unknown, { readonly metatype: Target }>;
}

/** Groups routes by the paths that a document with these options has for them. */
export function routesByPath(
  app: INestApplication,
  routes: readonly RouteInfo[],
  { ignoreGlobalPrefix }: SwaggerDocumentOptions,
): Map<string, RouteInfo[]> {
  const { config } = app as unknown as ScannedApplication;
  const names = ignoreGlobalPrefix ? config.getGlobalPrefix().split('/').filter(Boolean) : [];
  const prefix = names.map((name) => `/${name}`).join('');
  const pathsOf = ({ path }: RouteInfo) => [path, ...withoutPrefix(path, prefix)];
  const openApiPaths = openApiPathsOf(app, new Set(routes.flatMap(pathsOf)));
  const grouped = new Map<string, RouteInfo[]>();
  for (const route of routes) {
    for (const path of pathsOf(route)) {
      const openApiPath = openApiPaths.get(path) ?? path;
      const others = grouped.get(openApiPath);
      if (others) others.push(route);
      else grouped.set(openApiPath, [route]);
    }
  }
  return grouped;
}

// Routes that are excluded from the prefix may begin like it and keep their path.
function withoutPrefix(path: string, prefix: string): string[] {
  if (prefix === '') return [];
  if (path === prefix) return ['/'];
  return path.startsWith(`${prefix}/`) ? [path.slice(prefix.length)] : [];
}

/** Tells which routes documents with these options have. */
export function documentedWith(
  app: INestApplication,
  { include = [], deepScanRoutes, onlyIncludeDecoratedEndpoints }: SwaggerDocumentOptions,
): (route: RouteInfo) => boolean {
  const { container } = app as unknown as ScannedApplication;
  const modules = [...container.getModules().values()].filter(
    ({ metatype }) => include.length === 0 || include.some((one) => one === metatype),
  );
  const imported = modules.flatMap(({ imports }) => [...imports]);
  const scanned = deepScanRoutes
    ? [...modules, ...imported.filter((module) => !container.isGlobalModule(module))]
    : modules;
  const controllers = new Set(
    scanned.flatMap((module) => [...module.controllers.values()].map(({ metatype }) => metatype)),
  );
  return (route) =>
    controllers.has(route.controller) &&
    !isExcluded(route) &&
    (!onlyIncludeDecoratedEndpoints || Reflect.hasMetadata(INCLUDE_ENDPOINT, methodOf(route)));
}

const INCLUDE_ENDPOINT = 'swagger/apiIncludeEndpoint';
const EXCLUDE_ENDPOINT = 'swagger/apiExcludeEndpoint';
const EXCLUDE_CONTROLLER = 'swagger/apiExcludeController';
const WEBHOOK = 'swagger/apiWebhook';

/** Whether a document that has every route has this one among its paths, in every version of OpenAPI. */
export function isAlwaysDocumented(route: RouteInfo): boolean {
  // Before OpenAPI 3.2 there is no QUERY; since 3.1 webhooks are in a place of their own.
  const isElsewhere = route.method === 'QUERY' || Reflect.hasMetadata(WEBHOOK, methodOf(route));
  return !isElsewhere && !isExcluded(route);
}

function isExcluded(route: RouteInfo): boolean {
  const endpoint = Reflect.getMetadata(EXCLUDE_ENDPOINT, methodOf(route)) as
    | { disable?: boolean }
    | undefined;
  const [isControllerExcluded] = (Reflect.getMetadata(EXCLUDE_CONTROLLER, route.controller) ??
    []) as boolean[];
  return endpoint?.disable === true || isControllerExcluded === true;
}

/** Swagger reads the method of the class, whatever the instance has in its place. */
function methodOf({ controller, handler }: RouteInfo): Target {
  return (controller.prototype as Record<string, Target>)[handler] as Target;
}
