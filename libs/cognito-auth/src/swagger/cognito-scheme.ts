import type { DocumentBuilder } from '@nestjs/swagger';
import type { AccessRules } from '../index.js';
import { tokenKindsOf } from './access-description.js';
import { HOSTED_UI, checkHostedUi, hostedUiScheme } from './hosted-ui.js';
import type { HostedUi } from './hosted-ui.js';

/** What can be said about the tokens when the scheme is added to a document. */
export interface CognitoAuthSchemeOptions {
  /**
   * What the Authorize dialog says, in Markdown.
   *
   * Default: which token to paste, and how.
   */
  description?: string | undefined;

  /**
   * Adds the sign-in page of the user pool, as the scheme `cognito-hosted-ui`: OAuth 2.0 with an
   * authorization code.
   *
   * Default: tokens can only be pasted.
   */
  hostedUi?: HostedUi | undefined;
}

/** The name of the security scheme. */
export const COGNITO = 'cognito';

type TokenUses = NonNullable<AccessRules['tokenUse']>;

/**
 * Adds the security scheme `cognito` to a document: a bearer token of a Cognito user pool.
 *
 * Needed only for a description of your own, or for `hostedUi` where you call `SwaggerModule`
 * yourself: `applyCognitoSecurity()` adds the scheme where it is missing, and offers the sign-in
 * page where it is there.
 *
 * @example `addCognitoAuth(new DocumentBuilder(), { description: 'Paste the token of the CLI.' })`
 */
export function addCognitoAuth(
  builder: DocumentBuilder,
  { description, hostedUi }: CognitoAuthSchemeOptions = {},
): DocumentBuilder {
  const scheme = cognitoScheme(['access']);
  builder.addBearerAuth({ ...scheme, description: description ?? scheme.description }, COGNITO);
  return hostedUi ? builder.addOAuth2(hostedUiScheme(checkHostedUi(hostedUi)), HOSTED_UI) : builder;
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
