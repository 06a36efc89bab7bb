import type { INestApplication } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import type { SwaggerCustomOptions } from '@nestjs/swagger';
import {
  cognitoMiddleware,
  CognitoAuthOptionsError,
  RegisteredCognitoAuthService,
} from '../index.js';
import type { CognitoMiddlewareRules } from '../index.js';

/** What is used of Fastify here; a request says which route it has matched. */
interface Fastify {
  addHook(
    name: 'onRequest',
    hook: (
      request: { readonly routeOptions?: { readonly url?: string } },
      reply: object,
      done: () => void,
    ) => void,
  ): unknown;
}

/**
 * Keeps the Swagger page, its files and its documents for those who satisfy these rules. Call it
 * before they are served.
 *
 * @throws CognitoAuthOptionsError when that would keep others from routes of the application
 */
export function protectPage(
  app: INestApplication,
  path: string,
  rules: CognitoMiddlewareRules,
  setupOptions?: SwaggerCustomOptions,
): void {
  const middleware = cognitoMiddleware(app, rules);
  const paths = pathsOf(app, path, setupOptions);
  checkRoutesBelow(app, paths);
  const httpAdapter = app.getHttpAdapter();
  if (httpAdapter.getType() !== 'fastify') {
    app.use(paths, middleware);
    return;
  }
  // By the matched route: a middleware that compares paths need not read them as the router does.
  (httpAdapter.getInstance() as Fastify).addHook('onRequest', (request, reply, done) => {
    const { url = '' } = request.routeOptions ?? {};
    const isOfPage = paths.some((own) => url === own || url.startsWith(`${own}/`));
    if (isOfPage) middleware(request, reply, done);
    else done();
  });
}

/** The page is a folder, whose files are told from routes by their path only. */
function checkRoutesBelow(app: INestApplication, paths: readonly string[]): void {
  const routes = app.get(RegisteredCognitoAuthService, { strict: false }).routes();
  const below = routes.find((route) =>
    paths.some((own) => `${route.path}/`.toLowerCase().startsWith(`${own}/`.toLowerCase())),
  );
  const isWhole = paths.includes('');
  if (!below && !isWhole) return;
  const what = below ? `${below.path} is` : 'the whole application is';
  throw new CognitoAuthOptionsError(
    [
      `"protect" needs a path of the page that has nothing else below it, such as "docs"; ${what} below "${paths[0]}", and would ask for the rules of the page.`,
    ],
    'setupCognitoSwagger()',
  );
}

/** Where `SwaggerModule.setup()` serves something. */
function pathsOf(
  app: INestApplication,
  path: string,
  options: SwaggerCustomOptions = {},
): string[] {
  const { useGlobalPrefix = false, jsonDocumentUrl, yamlDocumentUrl } = options;
  const prefix = useGlobalPrefix ? app.get(ApplicationConfig).getGlobalPrefix() : '';
  const page = withSlash(prefix) + withSlash(path);
  const documents = { json: jsonDocumentUrl, yaml: yamlDocumentUrl };
  return [
    page,
    ...Object.entries(documents).map(([kind, url]) =>
      url ? withSlash(prefix) + withSlash(url) : `${page}-${kind}`,
    ),
  ];
}

function withSlash(path: string): string {
  const inner = path.replace(/^\/+|\/+$/g, '');
  return inner && `/${inner}`;
}
