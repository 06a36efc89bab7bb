import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import { RegisteredCognitoAuthService } from '../index.js';
import type { AccessRules, RouteInfo } from '../index.js';
import { accessExtensionsOf, describeAccess } from './access-description.js';
import { COGNITO, cognitoScheme } from './cognito-scheme.js';
import { documentedOperationsOf } from './documented-operations.js';
import { errorSchemas, withErrorResponses } from './error-responses.js';
import { HOSTED_UI } from './hosted-ui.js';
import type { Operation } from './open-api.js';
import { bearerSchemesOf, securityOf, writtenSecurityOf } from './security-requirements.js';
import type { Tokens } from './security-requirements.js';

/**
 * Documents what the guard asks of the callers of every operation.
 *
 * Protected operations get their `security` with scopes, the responses 401, 403 and 503, a line
 * such as "Requires group: admin" and extensions such as `x-cognito-groups`. Public operations,
 * and those without the guard, get `security: []`; optional ones both alternatives. Descriptions
 * and responses that you wrote stay, and so do other security schemes, such as API keys: on a
 * protected operation a token is needed besides them. `@ApiBearerAuth()` stands for the same token
 * and is replaced; OAuth 2.0 and OpenID Connect are alternatives to get one. An operation without
 * the guard keeps the security you gave it, and one of another service is not touched.
 *
 * Where `addCognitoAuth()` has added the sign-in page of the user pool, operations offer it beside
 * the pasted token: all but those that take no access token of a user, or none with its scopes.
 *
 * Call it after global guards, prefix and versioning are set. Where several handlers stand behind
 * one operation, such as versions told apart by a header, and one of them needs a token, the
 * operation does.
 *
 * Changes the document itself and returns it. Applying it again changes nothing.
 *
 * Operations of other services may stand in the document beside all of ours. Rename paths, and take
 * operations or responses away, afterwards.
 *
 * @param documentOptions what `SwaggerModule.createDocument()` was given, if anything
 * @throws Error when operations cannot be matched to handlers: the document was made before the
 * prefix was set, or with other options, or its paths or responses were changed since
 */
export function applyCognitoSecurity(
  app: INestApplication,
  document: OpenAPIObject,
  documentOptions?: SwaggerDocumentOptions,
): OpenAPIObject {
  const routes = app.get(RegisteredCognitoAuthService, { strict: false }).routes();
  return documentRoutes(app, document, { routes, options: documentOptions });
}

/** Documents what these routes ask of their callers, which are all of the application. */
export function documentRoutes(
  app: INestApplication,
  document: OpenAPIObject,
  matching: { routes: readonly RouteInfo[]; options?: SwaggerDocumentOptions },
): OpenAPIObject {
  checkDocument(document);
  const tokenUse = defaultTokenUseOf(app);
  const tokens = {
    defaultUse: tokenUse,
    signInScopes: signInScopesOf(document),
    bearerSchemes: bearerSchemesOf(document),
  };
  const documented = documentedOperationsOf(app, document, matching).map(
    ({ item, method, operation, name, routes }) => {
      const rules = strictestOf(routes.map((route) => route.rules));
      if (looksAtToken(rules)) checkResponses(operation, name);
      const security = securityIn(document, operation, { rules, tokens });
      const documentation = documentationOf(operation, rules, tokenUse);
      return { item, method, documentation: { ...documentation, security } };
    },
  );
  // All or none: a document that is refused stays as it was.
  for (const { item, method, documentation } of documented) {
    // A new operation: parts of the old one may belong to decorators, and to other documents.
    item[method] = { ...item[method], ...documentation } as Operation;
  }
  addComponents(document, tokenUse);
  return document;
}

type TokenUses = NonNullable<AccessRules['tokenUse']>;

// Every registration of the module brings its own service.
function defaultTokenUseOf(app: INestApplication): TokenUses {
  const services = app.get(RegisteredCognitoAuthService, { strict: false, each: true });
  return [...new Set(services.flatMap((service) => service.defaultTokenUse))];
}

const STRICTNESS: AccessRules['mode'][] = ['public', 'optional', 'required'];

/** Where handlers disagree the strictest counts: a route that is guarded is never shown as open. */
function strictestOf(candidates: (AccessRules | undefined)[]): AccessRules | undefined {
  const strictness = (rules?: AccessRules) => (rules ? STRICTNESS.indexOf(rules.mode) : -1);
  // Among equals the last, whose other documentation is what swagger keeps.
  return candidates.reduce((strictest, rules) =>
    strictness(rules) >= strictness(strictest) ? rules : strictest,
  );
}

/** Whether the guard looks at the token, if only at one that is sent. */
function looksAtToken(rules: AccessRules | undefined): rules is AccessRules {
  return rules !== undefined && rules.mode !== 'public';
}

function securityIn(
  document: OpenAPIObject,
  operation: Operation,
  { rules, tokens }: { rules?: AccessRules; tokens: Tokens },
) {
  if (!rules && operation.security) return operation.security;
  return securityOf(rules, tokens, writtenSecurityOf(operation, document));
}

function signInScopesOf({ components }: OpenAPIObject): string[] | undefined {
  const scheme = components?.securitySchemes?.[HOSTED_UI];
  const flows = scheme && 'flows' in scheme ? scheme.flows : undefined;
  return flows && Object.keys(flows.authorizationCode?.scopes ?? {});
}

function checkDocument(document: Partial<OpenAPIObject> | undefined): void {
  if (typeof document?.paths === 'object') return;
  throw new Error(
    'applyCognitoSecurity() takes the document that SwaggerModule.createDocument() returned; what ' +
      'it was given has no "paths".',
  );
}

function checkResponses({ responses }: Partial<Operation>, name: string): void {
  if (typeof responses === 'object') return;
  throw new Error(
    `The Swagger document cannot say how ${name} refuses: its "responses" were removed. Call ` +
      'applyCognitoSecurity() with the document as SwaggerModule.createDocument() made it, and ' +
      'remove them afterwards.',
  );
}

function documentationOf(
  { description, responses }: Operation,
  rules: AccessRules | undefined,
  tokenUse: TokenUses,
): Partial<Operation> {
  if (!looksAtToken(rules)) return {};
  return {
    description: appended(description, describeAccess(rules, tokenUse)),
    responses: withErrorResponses(responses, rules),
    ...accessExtensionsOf(rules),
  };
}

function appended(description: string | undefined, paragraphs: string[]): string {
  const text = paragraphs.join('\n\n');
  if (!description) return text;
  return description.endsWith(text) ? description : `${description}\n\n${text}`;
}

function addComponents(document: OpenAPIObject, tokenUse: TokenUses): void {
  const { schemas, securitySchemes, ...components } = document.components ?? {};
  document.components = {
    ...components,
    schemas: { ...schemas, ...errorSchemas() },
    securitySchemes: { [COGNITO]: cognitoScheme(tokenUse), ...securitySchemes },
  };
}
