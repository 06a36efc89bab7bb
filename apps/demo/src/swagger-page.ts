import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder } from '@nestjs/swagger';
import { setupCognitoSwagger } from 'nestjs-cognito-auth/swagger';
import type { HostedPages } from './configuration.js';

/** Where the page is, without a slash at its beginning. */
export const SWAGGER_PATH = 'docs';

const TITLE = 'nestjs-cognito-auth demo';

const DESCRIPTION = `One route for every way to protect a route. What each asks of its callers is
read from the guard.`;

const HOW_TO_SIGN_IN = `Press **Authorize**, choose *cognito-hosted-ui* and sign in. The page then
sends the access token of that user.`;

const HOW_TO_PASTE = 'Press **Authorize** and paste an access token.';

const TAGS = {
  Me: 'Who the token speaks for',
  Groups: 'For members of groups of the user pool',
  'Scopes and permissions': 'For tokens with a scope, and for users whom the database permits',
  Machines: 'For app clients that call without a user',
  Feed: 'With or without a token',
  Revocation: 'Tokens that end before they expire',
  Health: 'For everybody',
  Demo: 'Tokens without a sign-in, from the local user pool only',
};

/**
 * Serves the Swagger page; without a hosted UI tokens can only be pasted there. A page in a browser
 * cannot keep the secret of an app client, so then, too.
 */
export function setupSwaggerPage(app: INestApplication, pages?: HostedPages): void {
  const hostedUi = pages?.clientSecret === undefined ? pages : undefined;
  const builder = new DocumentBuilder()
    .setTitle(TITLE)
    .setDescription(`${DESCRIPTION}\n\n${hostedUi ? HOW_TO_SIGN_IN : HOW_TO_PASTE}`);
  for (const [name, description] of Object.entries(TAGS)) builder.addTag(name, description);
  setupCognitoSwagger(app, SWAGGER_PATH, builder, {
    hostedUi,
    setupOptions: { customSiteTitle: TITLE },
  });
}
