import type { INestApplication } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';
import { SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import type { CognitoAuthService } from '../index.js';

type Target = Parameters<CognitoAuthService['rulesOf']>[0];

/** A handler, and the controller that it handles requests for. */
interface Handler {
  readonly controller: Target;
  readonly handler: Target;
}

/** One operation of a document, and every handler that stands behind it, in Nest's order. */
export interface DocumentedOperation {
  readonly path: string;
  readonly method: string;
  /** More than one when versions share a path, or when routes collide. */
  readonly handlers: Handler[];
}

/**
 * Finds the handlers behind the operations that @nestjs/swagger documents.
 *
 * Operation ids do not tell: authors choose them, names of classes repeat, and subclasses share
 * inherited handlers. So swagger is asked about one handler at a time: whatever paths it documents
 * for an application in which this handler is all there is, are those of this handler.
 */
export function documentedOperationsOf(
  app: INestApplication,
  document: OpenAPIObject,
  options: SwaggerDocumentOptions = {},
): DocumentedOperation[] {
  const operations = new Map<string, DocumentedOperation>();
  for (const { path, method, handler } of documentedHandlersOf(app, document, options)) {
    const key = `${method} ${path}`;
    const known = operations.get(key);
    if (known) known.handlers.push(handler);
    else operations.set(key, { path, method, handlers: [handler] });
  }
  return [...operations.values()];
}

function* documentedHandlersOf(
  app: INestApplication,
  { openapi, info }: OpenAPIObject,
  options: SwaggerDocumentOptions,
) {
  const view = new SoleHandlerView(app);
  // Factories of the author may count or refuse names, and none of the names is used.
  const probe = {
    ...options,
    extraModels: [],
    operationIdFactory: noName,
    linkNameFactory: noName,
  };
  for (const handler of view.handlers()) {
    const { paths } = SwaggerModule.createDocument(view.app, { openapi, info }, probe);
    for (const [path, item] of Object.entries(paths)) {
      for (const method of Object.keys(item)) yield { path, method, handler };
    }
  }
}

function noName(): string {
  return '';
}

// What swagger reads of an application.
interface ScannedApplication {
  readonly container: { getModules(): Map<string, ScannedModule> & { applicationId: string } };
}

interface ScannedModule {
  readonly metatype: unknown;
  readonly imports: Set<ScannedModule>;
  readonly controllers: Map<unknown, ScannedController>;
}

interface ScannedController {
  readonly instance: object;
  readonly metatype: Target;
}

/** An application as swagger sees it, with all modules and settings, but one handler at a time. */
class SoleHandlerView {
  readonly app: INestApplication;

  private readonly modules: readonly ScannedModule[];

  /** From the modules of the application to what is shown in their place. */
  private readonly shown = new Map<ScannedModule, ScannedModule>();

  constructor(app: INestApplication) {
    const { container } = app as unknown as ScannedApplication;
    const modules = container.getModules();
    this.modules = [...modules.values()];
    const shown = new Map([...modules].map(([id, module]) => [id, this.shownFor(module)]));
    // By this id swagger finds the paths that RouterModule gave to modules.
    Object.assign(shown, { applicationId: modules.applicationId });
    this.app = Object.create(app, {
      container: { value: Object.create(container, { getModules: { value: () => shown } }) },
    }) as INestApplication;
  }

  /** Shows one handler after the other, and yields each while it is shown. */
  *handlers(): Generator<Handler> {
    for (const module of this.modules) {
      const { controllers } = this.shownFor(module);
      for (const controller of module.controllers.values()) {
        for (const { handler, shown } of handlersOf(controller)) {
          controllers.set(controller, shown);
          yield handler;
        }
        controllers.clear();
      }
    }
  }

  private shownFor(module: ScannedModule): ScannedModule {
    const known = this.shown.get(module);
    if (known) return known;
    const shown = {
      metatype: module.metatype,
      imports: new Set<ScannedModule>(),
      controllers: new Map(),
    };
    // Before its imports, which may lead back to it.
    this.shown.set(module, shown);
    for (const imported of module.imports) shown.imports.add(this.shownFor(imported));
    return shown;
  }
}

function* handlersOf({ instance, metatype: controller }: ScannedController) {
  const prototype = Object.getPrototypeOf(instance) as object;
  for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
    const routed = methodOf(prototype, name);
    if (!Reflect.hasMetadata(PATH_METADATA, routed)) continue;
    // Nest reads routes from the prototype, but lets what the instance has handle the requests.
    const handler = methodOf(instance, name);
    const shown = { instance: Object.create({ [name]: routed }) as object, metatype: controller };
    yield { handler: { controller, handler }, shown };
  }
}

function methodOf(object: object, name: string): Target {
  return (object as Record<string, Target>)[name] as Target;
}
