import { IncomingMessage } from 'node:http';
import type { ServerResponse } from 'node:http';
import { HttpException, Logger } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { AccessControl } from './access/access-control.js';
import { CognitoGuard } from './access/cognito.guard.js';
import { RULE_KEYS } from './access/rule-metadata.js';
import { CognitoAuthOptionsError } from './cognito-auth.errors.js';
import { RegisteredCognitoAuthService } from './cognito-auth.service.js';
import type { VerifyRules } from './access/rule-values.js';
import { isError, isInstanceOf } from './faults/foreign-errors.js';

/** What `cognitoMiddleware()` asks of every request. */
export interface CognitoMiddlewareRules extends VerifyRules {
  /**
   * Whether a browser that opens a page without being signed in is sent to the login of
   * `CognitoHostedUiModule`, and back afterwards; of several registrations, the `name` of one.
   *
   * Default: false; everybody gets 401.
   */
  redirectToLogin?: boolean | string | undefined;
}

/** A middleware of Express, a middleware of Fastify, or an `onRequest` hook of Fastify. */
type CognitoMiddleware = (
  request: object,
  response: object,
  next: (error?: Error) => unknown,
) => void;

/** A response of Node, as it is or as Express extends it; or a reply of Fastify. */
interface Response {
  readonly raw?: ServerResponse;
  header?(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
  code?(status: number): { send(body: object): unknown };
}

/**
 * Makes a middleware that lets only those in whom `CognitoGuard` would let in, for what is no route
 * of Nest: a queue board, files, metrics. It finds and verifies the token as the guard does, with
 * all hooks, and puts the user on the request; who is refused gets the status, the challenge and
 * the body of the guard, and nothing behind it runs.
 *
 * It lets the routes of `CognitoHostedUiModule` pass, where users sign in, and refuses requests of
 * every other, whatever its method. CORS preflights have no token: call `app.enableCors()` first.
 *
 * @param rules what to ask of everybody; by default a valid token
 * @example `app.use('/queues', cognitoMiddleware(app, { groups: ['admin'], redirectToLogin: true }))`
 * @throws TypeError when a rule is not what its type says
 * @throws CognitoAuthOptionsError when there is no login to redirect to
 */
export function cognitoMiddleware(
  app: Pick<INestApplicationContext, 'get'>,
  { redirectToLogin = false, ...rules }: CognitoMiddlewareRules = {},
): CognitoMiddleware {
  const access = app.get(AccessControl, { strict: false });
  const checked = app
    .get(RegisteredCognitoAuthService, { strict: false })
    .checkRules(rules, CALLER);
  checkRedirect(redirectToLogin, access.signInPages);
  const guard = new CognitoGuard(access);
  const handler = handlerWith(checked);

  async function admit(request: object, response: Response): Promise<boolean> {
    const node = { request: nodeRequestOf(request), response: nodeResponseOf(response) };
    for (const pages of access.signInPages) pages.connect(node.request, node.response);
    if (access.signInPages.some((pages) => pages.answers(request))) return true;
    const context = new ExecutionContextHost([request, withHeader(response)], Admission, handler);
    try {
      return await guard.canActivate(context);
    } catch (error) {
      const path = redirectPathOf(request, error);
      if (path !== undefined) redirect(node.response, response, path);
      else answer(response, error);
      return false;
    }
  }

  function redirectPathOf(request: object, error: unknown): string | undefined {
    if (redirectToLogin === false) return undefined;
    const name = redirectToLogin === true ? undefined : redirectToLogin;
    const [pages] = access.signInPages;
    return pages?.redirectFor(request, error, name);
  }

  return (request, response, next) => {
    admit(request, response as Response).then(
      (isAdmitted) => (isAdmitted ? proceed(response as Response, next) : undefined),
      (error: unknown) => answer(response as Response, error),
    );
  };
}

const CALLER = 'cognitoMiddleware()';

const logger = new Logger('CognitoMiddleware');

/** Stands for the controller in the execution context that guard and hooks get. */
// oxlint-disable-next-line typescript/no-extraneous-class -- Nest has a class in every context
class Admission {}

/** A handler that asks for these rules, as if decorators were on it. */
function handlerWith(rules: object): () => void {
  const handler = (): void => undefined;
  for (const [name, rule] of Object.entries(rules)) {
    if (name === 'mode' || rule === undefined) continue;
    Reflect.defineMetadata(RULE_KEYS[name as keyof typeof RULE_KEYS], rule, handler);
  }
  return handler;
}

function checkRedirect(given: unknown, signInPages: readonly { name: string }[]): void {
  if (given === false) return;
  const names = signInPages.map(({ name }) => JSON.stringify(name));
  const problem =
    names.length === 0
      ? '"redirectToLogin" has nowhere to log in: add CognitoHostedUiModule.forRoot({ domain, clientId, redirectUri, logoutUri }) to the imports of the application.'
      : `"redirectToLogin" must be true, false or the name of a registration of CognitoHostedUiModule (${names.join(', ')}), got ${JSON.stringify(given)}.`;
  const isKnown = given === true || names.includes(JSON.stringify(given));
  if (names.length === 0 || !isKnown) throw new CognitoAuthOptionsError([problem], CALLER);
}

/** What is behind may throw; nobody else is left to answer by then. */
function proceed(response: Response, next: () => unknown): void {
  try {
    next();
  } catch (error) {
    answer(response, error);
  }
}

function redirect(node: ServerResponse, response: Response, path: string): void {
  response.removeHeader('WWW-Authenticate');
  const headers = { Location: path, 'Cache-Control': 'no-store' };
  for (const [name, value] of Object.entries(headers)) withHeader(response).header(name, value);
  if (response.code) {
    response.code(302).send({});
    return;
  }
  node.statusCode = 302;
  node.end();
}

/** Answers as Nest does. */
function answer(response: Response, error: unknown): void {
  const node = nodeResponseOf(response);
  const isRefusal = isInstanceOf(error, HttpException);
  if (!isRefusal) logger.error('A middleware has failed', isError(error) ? error.stack : undefined);
  if (node.headersSent || node.writableEnded) {
    node.end();
    return;
  }
  const status = isRefusal ? error.getStatus() : 500;
  const body = isRefusal ? error.getResponse() : 'Internal server error';
  const message = typeof body === 'object' ? body : { statusCode: status, message: body };
  if (response.code) {
    response.code(status).send(message);
    return;
  }
  node.statusCode = status;
  node.setHeader('Content-Type', 'application/json; charset=utf-8');
  node.end(JSON.stringify(message));
}

function withHeader(response: Response): { header(name: string, value: string): unknown } {
  if (response.header) return response as { header(name: string, value: string): unknown };
  const node = nodeResponseOf(response);
  return { header: (name, value) => node.setHeader(name, value) };
}

function nodeRequestOf(request: object): IncomingMessage {
  const { raw } = request as { raw?: unknown };
  return raw instanceof IncomingMessage ? raw : (request as IncomingMessage);
}

function nodeResponseOf(response: Response): ServerResponse {
  return response.code && response.raw ? response.raw : (response as unknown as ServerResponse);
}
