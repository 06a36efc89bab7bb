import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import { RegisteredCognitoAuthService } from '../index.js';
import type { AccessRules } from '../index.js';
import { accessExtensionsOf, describeAccess } from './access-description.js';
import { COGNITO, cognitoScheme } from './cognito-scheme.js';
import { documentedOperationsOf } from './documented-operations.js';
import { errorSchemas, withErrorResponses } from './error-responses.js';
import { HOSTED_UI } from './hosted-ui.js';
import type { Operation } from './open-api.js';
import { securityOf, writtenSecurityOf } from './security-requirements.js';
import type { Tokens } from './security-requirements.js';

/**
 * Documents what the guard asks of the callers of every operation.
 *
 * Protected operations get their `security` with scopes, the responses 401, 403 and 503, a line
 * such as "Requires group: admin" and extensions such as `x-cognito-groups`. Public operations,
 * and those without the guard, get `security: []`; optional ones both alternatives. Descriptions
 * and responses that you wrote stay, and so do other security schemes: on a protected operation a
 * token is needed besides them. An operation without the guard keeps the security you gave it, and
 * an operation without a handler in this application is not touched.
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
 * @param documentOptions what `SwaggerModule.createDocument()` was given, if anything
 */
export function applyCognitoSecurity(
  app: INestApplication,
  document: OpenAPIObject,
  documentOptions?: SwaggerDocumentOptions,
): OpenAPIObject {
  const auth = app.get(RegisteredCognitoAuthService, { strict: false });
  const tokenUse = defaultTokenUseOf(app);
  const tokens = { defaultUse: tokenUse, signInScopes: signInScopesOf(document) };
  for (const { path, method, handlers } of documentedOperationsOf(app, document, documentOptions)) {
    const item = document.paths[path] as Record<string, Operation | undefined> | undefined;
    const operation = item?.[method];
    if (!item || !operation) continue;
    const rules = strictestOf(
      handlers.map(({ controller, handler }) => auth.rulesOf(controller, handler)),
    );
    const security = securityIn(document, operation, { rules, tokens });
    // A new operation: parts of the old one may belong to decorators, and to other documents.
    item[method] = { ...operation, ...documentationOf(operation, rules, tokenUse), security };
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

function documentationOf(
  { description, responses }: Operation,
  rules: AccessRules | undefined,
  tokenUse: TokenUses,
): Partial<Operation> {
  if (!rules || rules.mode === 'public') return {};
  return {
    description: appended(description, describeAccess(rules, tokenUse)),
    responses: withErrorResponses(responses),
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
