import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import type {
  DocumentBuilder,
  OpenAPIObject,
  SwaggerCustomOptions,
  SwaggerDocumentOptions,
} from '@nestjs/swagger';
import { applyCognitoSecurity } from './cognito-security.js';

/** What is passed on to @nestjs/swagger. */
export interface CognitoSwaggerOptions {
  /** Options of `SwaggerModule.createDocument()`. */
  documentOptions?: SwaggerDocumentOptions;

  /**
   * Options of `SwaggerModule.setup()`.
   *
   * Here `swaggerOptions.persistAuthorization` is true by default: the browser keeps the token in
   * its local storage, so that it survives a reload of the page.
   */
  setupOptions?: SwaggerCustomOptions;
}

/**
 * Serves a Swagger page that says what every operation asks of its callers, and returns its
 * document.
 *
 * Call it where `SwaggerModule.setup()` would be called: after prefix and versioning are set and
 * before the application listens. Guards that become global later are on the page too, but not in
 * the document until the page is first asked for.
 *
 * @example `setupCognitoSwagger(app, 'docs', new DocumentBuilder().setTitle('Orders'))`
 */
export function setupCognitoSwagger(
  app: INestApplication,
  path: string,
  builder: DocumentBuilder,
  options: CognitoSwaggerOptions = {},
): OpenAPIObject {
  const { documentOptions, setupOptions } = options;
  const document = SwaggerModule.createDocument(app, builder.build(), documentOptions);
  const applySecurity = () => applyCognitoSecurity(app, document, documentOptions);
  // Again at the first request: a guard that became global meanwhile protects already.
  SwaggerModule.setup(path, app, applySecurity, {
    ...setupOptions,
    swaggerOptions: { persistAuthorization: true, ...setupOptions?.swaggerOptions },
  });
  return applySecurity();
}
