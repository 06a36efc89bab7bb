import type { SwaggerCustomOptions } from '@nestjs/swagger';
import type { CheckedHostedUi } from './hosted-ui.js';

type SwaggerUiOptions = NonNullable<SwaggerCustomOptions['swaggerOptions']>;

/** Completes the options of Swagger UI with what a sign-in from its page needs. */
export function withHostedUi(
  { clientId, scopes, tokenUrl }: CheckedHostedUi,
  written: SwaggerUiOptions,
): SwaggerUiOptions {
  return {
    ...written,
    oauth2RedirectUrl: (written['oauth2RedirectUrl'] as unknown) ?? inBrowser(REDIRECT_URL),
    requestInterceptor: inBrowser(requestInterceptor(tokenUrl, written['requestInterceptor'])),
    initOAuth: {
      clientId,
      scopes: Object.keys(scopes),
      usePkceWithAuthorizationCodeGrant: true,
      ...written.initOAuth,
    },
  };
}

// Swagger UI looks one folder too high when its page has no slash at the end, and only the browser
// knows the address behind a proxy. The file lies beside the script that this is a part of.
const REDIRECT_URL =
  "new URL('oauth2-redirect.html', " +
  `document.querySelector('script[src*="swagger-ui-init.js"]').src).href`;

// The header would make browsers ask for permission first, which Cognito does not say it gives.
function requestInterceptor(tokenUrl: string, written: unknown): string {
  return `function (request) {
    if (request.url.split('?')[0] === ${JSON.stringify(tokenUrl)}) {
      delete request.headers['X-Requested-With'];
    }
    return ${typeof written === 'function' ? `(${String(written)})(request)` : 'request'};
  }`;
}

/**
 * An expression for the browser. Of a function @nestjs/swagger writes the text into the script of
 * the page; this text is not a function's own, which bundlers of the server would rewrite.
 */
function inBrowser(expression: string): object {
  return Object.assign(() => undefined, { toString: () => expression });
}
