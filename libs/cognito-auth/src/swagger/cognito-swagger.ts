import { isDeepStrictEqual } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import type {
  DocumentBuilder,
  OpenAPIObject,
  SwaggerCustomOptions,
  SwaggerDocumentOptions,
} from '@nestjs/swagger';
import { CognitoAuthOptionsError, RegisteredCognitoAuthService } from '../index.js';
import type { CognitoMiddlewareRules } from '../index.js';
import { applyCognitoSecurity, documentRoutes } from './cognito-security.js';
import { HOSTED_UI, checkHostedUi, hostedUiScheme } from './hosted-ui.js';
import type { CheckedHostedUi, HostedUi } from './hosted-ui.js';
import { protectPage } from './protected-page.js';
import { withHostedUi } from './swagger-ui-options.js';

/** How people get tokens on the page, and what is passed on to @nestjs/swagger. */
export interface CognitoSwaggerOptions {
  /**
   * Lets people sign in at the user pool with the Authorize button, by an authorization code with
   * PKCE.
   *
   * The callback URL is found in the browser, so that it is right behind proxies, too;
   * `swaggerOptions.oauth2RedirectUrl` replaces it. With helmet, turn `crossOriginOpenerPolicy` off
   * and allow the domain in `connect-src`: its defaults cut the page off from its sign-in.
   *
   * Default: tokens can only be pasted.
   */
  hostedUi?: HostedUi | undefined;

  /**
   * Keeps the page, its files and its documents (`docs-json`, `docs-yaml`) for those who satisfy
   * these rules, as `cognitoMiddleware()` does: with a bearer token, or with a session of
   * `CognitoHostedUiModule` where `tokenFrom` has `fromSession()`.
   *
   * Default: everybody may see them.
   *
   * @example `{ groups: ['developer'], redirectToLogin: true }`
   */
  protect?: CognitoMiddlewareRules;

  /** Options of `SwaggerModule.createDocument()`. */
  documentOptions?: SwaggerDocumentOptions | undefined;

  /**
   * Options of `SwaggerModule.setup()`.
   *
   * Here `swaggerOptions.persistAuthorization` is true by default: the browser keeps the token in
   * its local storage, so that it survives a reload of the page.
   */
  setupOptions?: SwaggerCustomOptions | undefined;
}

/**
 * Serves a Swagger page that says what every operation asks of its callers, and returns its
 * document.
 *
 * Call it where `SwaggerModule.setup()` would be called: after prefix and versioning are set and
 * before the application listens. Guards that become global later are on the page too, but not in
 * the document until the page is first asked for. A prefix that is set later makes that request fail.
 *
 * @example `setupCognitoSwagger(app, 'docs', new DocumentBuilder().setTitle('Orders'))`
 * @throws CognitoAuthOptionsError when `hostedUi` is wrong, or `protect` is undefined or has nowhere
 * to log in
 * @throws TypeError when a rule of `protect` is not what its type says
 */
export function setupCognitoSwagger(
  app: INestApplication,
  path: string,
  builder: DocumentBuilder,
  options: CognitoSwaggerOptions = {},
): OpenAPIObject {
  const { documentOptions, setupOptions } = options;
  checkProtection(options);
  if (options.protect) protectPage(app, path, options.protect, setupOptions);
  const hostedUi = options.hostedUi && checkHostedUi(options.hostedUi);
  const document = SwaggerModule.createDocument(app, builder.build(), documentOptions);
  if (hostedUi) addHostedUi(document, hostedUi);
  const auth = app.get(RegisteredCognitoAuthService, { strict: false });
  const routes = auth.routes();
  documentRoutes(app, document, { routes, options: documentOptions });
  // For the first request: a guard that became global meanwhile protects already.
  const currentDocument = () =>
    isDeepStrictEqual(auth.routes(), routes)
      ? document
      : applyCognitoSecurity(app, document, documentOptions);
  const swaggerOptions = { persistAuthorization: true, ...setupOptions?.swaggerOptions };
  SwaggerModule.setup(path, app, currentDocument, {
    ...setupOptions,
    swaggerOptions: hostedUi ? withHostedUi(hostedUi, swaggerOptions) : swaggerOptions,
  });
  return document;
}

/** Refuses what a circular import leaves behind: taken for missing, the page would be open. */
function checkProtection(options: CognitoSwaggerOptions): void {
  if (!Object.hasOwn(options, 'protect') || options.protect !== undefined) return;
  throw new CognitoAuthOptionsError([
    '"protect" is undefined; is there a circular import? To let everybody see the page, leave it out.',
  ]);
}

function addHostedUi(document: OpenAPIObject, hostedUi: CheckedHostedUi): void {
  const { securitySchemes, ...components } = document.components ?? {};
  document.components = {
    ...components,
    securitySchemes: { [HOSTED_UI]: hostedUiScheme(hostedUi), ...securitySchemes },
  };
}
