import type { DocumentBuilder } from '@nestjs/swagger';
import type { AccessRules } from '../index.js';
import { tokenKindsOf } from './access-description.js';

/** What can be said about the tokens when the scheme is added to a document. */
export interface CognitoAuthSchemeOptions {
  /**
   * What the Authorize dialog says, in Markdown.
   *
   * Default: which token to paste, and how.
   */
  description?: string;
}

/** The name of the security scheme. */
export const COGNITO = 'cognito';

type TokenUses = NonNullable<AccessRules['tokenUse']>;

/**
 * Adds the security scheme `cognito` to a document: a bearer token of a Cognito user pool.
 *
 * Needed only for a description of your own: `applyCognitoSecurity()` adds the scheme where it is
 * missing.
 *
 * @example `addCognitoAuth(new DocumentBuilder(), { description: 'Paste the token of the CLI.' })`
 */
export function addCognitoAuth(
  builder: DocumentBuilder,
  options: CognitoAuthSchemeOptions = {},
): DocumentBuilder {
  return builder.addBearerAuth({ ...cognitoScheme(['access']), ...options }, COGNITO);
}

/** The scheme for an API whose routes accept these kinds of token unless they say otherwise. */
export function cognitoScheme(tokenUses: TokenUses) {
  return {
    type: 'http' as const,
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      `Paste ${tokenKindsOf(tokenUses)} of the Cognito user pool, without the word "Bearer". ` +
      'Operations that take another kind of token say so.',
  };
}
