import type { TokenExtractor } from '../index.js';
import { connectionsOf } from './connected-requests.js';

interface FromSessionOptions {
  /**
   * Whether a session whose access token has expired is refreshed on the fly; the answer then
   * carries the new cookies.
   *
   * Default: false; the request then counts as one without a session.
   */
  refresh?: boolean;
}

/**
 * Takes the access token from the session of a browser that has signed in through
 * `CognitoHostedUiModule`.
 *
 * Cookies come along with what other sites make a browser send: a request that may change something
 * and is from another site counts as having no session.
 *
 * @example `CognitoAuthModule.forRoot({ tokenFrom: [fromBearerHeader(), fromSession({ refresh: true })] })`
 */
export function fromSession({ refresh = false }: FromSessionOptions = {}): TokenExtractor {
  return (request: unknown) => {
    const tokens = connectionsOf(request).flatMap(
      (connection) => connection.accessToken(refresh) ?? [],
    );
    return tokens.length > 1 ? firstOf(tokens) : (tokens[0] ?? null);
  };
}

async function firstOf(
  tokens: readonly (string | Promise<string | null>)[],
): Promise<string | null> {
  const found = await Promise.all(tokens.map(async (token) => token));
  return found.find((token) => token !== null) ?? null;
}
