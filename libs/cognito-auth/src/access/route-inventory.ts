import { Inject, Injectable, RequestMethod, VERSION_NEUTRAL, VersioningType } from '@nestjs/common';
import type { VersioningOptions } from '@nestjs/common';
import type { VersionValue } from '@nestjs/common/interfaces/version-options.interface.js';
import {
  METHOD_METADATA,
  MODULE_PATH,
  PATH_METADATA,
  VERSION_METADATA,
} from '@nestjs/common/constants.js';
import { ApplicationConfig, ModulesContainer } from '@nestjs/core';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import type { AccessRules } from './access-rules.js';
import { effectiveRulesOf } from './effective-rules.js';
import { handlersOf, methodBehind } from './handlers.js';
import type { Handler } from './handlers.js';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
type Target = Function;

/** One route of the application, and what the guard asks of its callers. */
export interface RouteInfo {
  /** `GET`, `POST` …; `ALL` for every method. */
  readonly method: string;
  /** With the global prefix and, for URI versioning, the version. */
  readonly path: string;
  /** The versions of a route that is versioned otherwise than in its path. */
  readonly versions?: readonly string[];
  readonly controller: Target;
  /** The name of the method of the controller. */
  readonly handler: string;
  /** `undefined` when the guard does not run: the route is open to everybody. */
  readonly rules?: AccessRules;
}

/** Knows every route of the application. */
@Injectable()
export class RouteInventory {
  constructor(
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
    @Inject(ApplicationConfig) private readonly application: ApplicationConfig,
  ) {}

  /** Every HTTP route, in the order in which Nest finds its modules and controllers. */
  routes(): RouteInfo[] {
    const paths = new RoutePathFactory(this.application);
    return handlersOf(this.modules, ['controllers']).flatMap((handler) =>
      this.routesOf(handler, paths),
    );
  }

  /** What the guard asks of the callers of a handler; `undefined` when it does not run for it. */
  rulesOf(controller: Target, handler: Target): AccessRules | undefined {
    const method = methodBehind(handler, controller, this.modules);
    return effectiveRulesOf({ handler: method, controller }, this.application);
  }

  private routesOf(
    { controller, handler, name, module }: Handler,
    paths: RoutePathFactory,
  ): RouteInfo[] {
    const requestMethod = Reflect.getMetadata(METHOD_METADATA, handler) as
      | RequestMethod
      | undefined;
    if (requestMethod === undefined) return [];
    const versioning = this.application.getVersioning();
    const versions = versionsOf(handler, controller, versioning);
    const rules = effectiveRulesOf({ handler, controller }, this.application, 'route');
    const place = {
      modulePath: this.modulePathOf(module.metatype),
      globalPrefix: this.application.getGlobalPrefix(),
      versioningOptions: versioning,
      ...versions,
    };
    return pathsOf(controller)
      .flatMap((ctrlPath) => pathsOf(handler).map((methodPath) => ({ ctrlPath, methodPath })))
      .flatMap((pair) => paths.create({ ...place, ...pair }, requestMethod))
      .map((path) => ({
        method: RequestMethod[requestMethod],
        path,
        versions: versionsOutsidePath(versions, versioning),
        controller,
        handler: name,
        rules,
      }));
  }

  private modulePathOf(module: Target): string {
    // RouterModule keeps the paths of an application under the id of that application.
    const path: unknown =
      Reflect.getMetadata(`${MODULE_PATH}${this.modules.applicationId}`, module) ??
      Reflect.getMetadata(MODULE_PATH, module);
    return typeof path === 'string' ? path : '';
  }
}

interface Versions {
  readonly methodVersion?: VersionValue;
  readonly controllerVersion?: VersionValue;
}

function versionsOf(handler: Target, controller: Target, versioning?: VersioningOptions): Versions {
  if (!versioning) return {};
  return {
    methodVersion: Reflect.getMetadata(VERSION_METADATA, handler) as VersionValue | undefined,
    controllerVersion:
      (Reflect.getMetadata(VERSION_METADATA, controller) as VersionValue | undefined) ??
      versioning.defaultVersion,
  };
}

function versionsOutsidePath(
  { methodVersion, controllerVersion }: Versions,
  versioning?: VersioningOptions,
): string[] | undefined {
  const version = methodVersion ?? controllerVersion;
  if (!versioning || versioning.type === VersioningType.URI || version === undefined)
    return undefined;
  return [version].flat().map((one) => (one === VERSION_NEUTRAL ? 'neutral' : String(one)));
}

function pathsOf(target: Target): string[] {
  return [Reflect.getMetadata(PATH_METADATA, target) as string | string[]]
    .flat()
    .map((path) => (isAbsolute(path) ? path : `/${path}`));
}

/** What Nest does not put a slash before; `{/name}` is an optional segment with its slash. */
function isAbsolute(path: string): boolean {
  return path.startsWith('/') || path.startsWith('{/');
}
