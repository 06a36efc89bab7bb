import { RequestMethod } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { SwaggerModule } from '@nestjs/swagger';

/**
 * Finds how documents write the paths of routes: `/orders/{id}` for `/orders/:id`.
 *
 * @returns the path of a document by the path of a route
 */
export function openApiPathsOf(
  app: INestApplication,
  paths: ReadonlySet<string>,
): Map<string, string> {
  const written = new Map<string, string>();
  const others = new Map<string, Shape>();
  for (const path of paths) {
    if (PLAIN.test(path)) written.set(path, path.replace(/:(\w+)/g, '{$1}'));
    else others.set(path, shapeOf(path));
  }
  const shapes = new Set([...others.values()].map(({ text }) => text));
  const asked = askSwagger(app, [...shapes]);
  for (const [path, { text, words }] of others) {
    const openApiPath = asked.get(text);
    if (openApiPath !== undefined) written.set(path, withWords(openApiPath, words));
  }
  return written;
}

// Words and named parameters. All else is written differently by versions of @nestjs/swagger.
const PLAIN = /^(?:\/(?:[\w.~-]+|:[A-Za-z_]\w*)?)+$/;

/** What of a path decides how it is written: all but its words. */
interface Shape {
  readonly text: string;
  readonly words: readonly string[];
}

/** A document of routes takes swagger long, and the paths of many routes have few shapes. */
function shapeOf(path: string): Shape {
  // Nest 12 names a wildcard after the place where it stands.
  if (path.includes('*')) return { text: path, words: [] };
  const words: string[] = [];
  const text = path.replace(/\b[A-Za-z_]\w*/g, (word) => `w${words.push(word) - 1}_`);
  return { text, words };
}

function withWords(openApiPath: string, words: readonly string[]): string {
  return openApiPath.replace(/w(\d+)_/g, (_, index: string) => words[Number(index)] ?? '');
}

/** Lets swagger document an application of nothing but routes with these paths. */
function askSwagger(app: INestApplication, paths: readonly string[]): Map<string, string> {
  const written = new Map<string, string>();
  let hidden = paths;
  // Of several that are written alike swagger keeps the last.
  while (hidden.length > 0) {
    for (const [path, openApiPath] of keptPathsOf(app, hidden)) written.set(path, openApiPath);
    const left = hidden.filter((path) => !written.has(path));
    if (left.length === hidden.length) break;
    hidden = left;
  }
  return written;
}

function keptPathsOf(app: INestApplication, paths: readonly string[]): [string, string][] {
  try {
    const written = Object.entries(documentOf(app, paths).paths);
    return written.map(([path, item]) => [paths[Number(item.get?.operationId)] ?? '', path]);
  } catch {
    // No document has a path that swagger cannot read: its author excludes the route.
    return paths.length > 1 ? paths.flatMap((path) => keptPathsOf(app, [path])) : [];
  }
}

function documentOf(app: INestApplication, paths: readonly string[]) {
  const handlers = paths.map((path, index) => [index, handlerOf(path, index)]);
  const controller = noop();
  Reflect.defineMetadata(PATH_METADATA, '/', controller);
  const wrapper = {
    metatype: controller,
    instance: Object.create(Object.fromEntries(handlers)) as object,
  };
  const module = { metatype: noop(), imports: new Set(), controllers: new Map([['', wrapper]]) };
  const container = { getModules: () => new Map([['', module]]), isGlobalModule: () => false };
  const { config } = app as unknown as { config: object };
  const view = Object.create(app, {
    container: { value: container },
    // The paths have their version already, and their prefix.
    config: { value: Object.create(config, { getVersioning: { value: () => undefined } }) },
  }) as INestApplication;
  return SwaggerModule.createDocument(
    view,
    { openapi: '3.0.0', info: { title: '', version: '' } },
    { ignoreGlobalPrefix: true, operationIdFactory: (_controller, method) => method },
  );
}

function handlerOf(path: string, index: number): object {
  // Its name, which becomes its operation id.
  const handler = Object.defineProperty(noop(), 'name', { value: String(index) });
  Reflect.defineMetadata(PATH_METADATA, path, handler);
  Reflect.defineMetadata(METHOD_METADATA, RequestMethod.GET, handler);
  return handler;
}

/** What stands for a class or a method that only its metadata is read of. */
function noop(): () => void {
  return () => undefined;
}
