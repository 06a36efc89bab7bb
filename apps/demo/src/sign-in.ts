import { randomBytes } from 'node:crypto';
import type { CognitoHostedUiOptions } from 'nestjs-cognito-auth/hosted-ui';
import type { DemoConfiguration } from './configuration.js';
import type { LocalPool } from './local-pool.js';

/** How people sign in with a browser, or what keeps them from it. */
export type SignIn =
  | { readonly options: CognitoHostedUiOptions }
  | {
      readonly options?: undefined;
      /** A sentence for whoever started the demo. */
      readonly obstacle: string;
    };

/** The sign-in of a demo at this address. */
export function signInOf(
  { hostedUi }: Pick<DemoConfiguration, 'hostedUi'>,
  url: string,
  localPool?: LocalPool,
): SignIn {
  if (!isOnThisMachine(url)) {
    const obstacle = `Cognito sends browsers back to this machine or to https:, and not to ${url}.`;
    return { obstacle };
  }
  const addresses = { redirectUri: `${url}/auth/callback`, logoutUri: `${url}/` };
  if (localPool) return { options: { ...localPool.signIn, ...addresses, cookies: NEW_SECRET } };
  if (hostedUi) return { options: { ...hostedUi, ...addresses } };
  return { obstacle: 'COGNITO_DOMAIN is not set to the domain of the user pool.' };
}

// Nothing that was sealed outlives the local user pool.
const NEW_SECRET = { secret: randomBytes(32).toString('base64') };

function isOnThisMachine(url: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
}
