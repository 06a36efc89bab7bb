import { markExtractorFactories, scopedExtractor, SocketMessage } from '../index.js';
import type { TokenExtractor } from '../index.js';
import { connectionsOf, noteAsked, noteUseless } from './connected-requests.js';
import type { HostedUiConnection } from './connected-requests.js';
import { HostedUi } from './hosted-ui.js';

interface FromSessionOptions {
  /**
   * Whether a session whose access token has expired is refreshed on the fly; the answer then
   * carries the new cookies. The handshake of a socket has no answer to carry them: there, only a
   * session in a store is refreshed.
   *
   * Default: false; the request then counts as one without a session.
   */
  refresh?: boolean | undefined;
}

/**
 * Takes the access token from the session of a browser that has signed in through
 * `CognitoHostedUiModule`.
 *
 * Cookies come along with what other sites make a browser send: a request that may change something
 * and is from another site counts as having no session, and so does any handshake of a socket that
 * is from another site.
 *
 * A browser may have sessions of several registrations. On a route with `@UserPool()` those of
 * other user pools do not count; of the rest the registration that comes first in the imports wins.
 *
 * @param name the registration whose session it is: its option `name`
 * @example `CognitoAuthModule.forRoot({ tokenFrom: [fromBearerHeader(), fromSession({ refresh: true })] })`
 */
export function fromSession(name: string, options?: FromSessionOptions): TokenExtractor;
export function fromSession(options?: FromSessionOptions): TokenExtractor;
export function fromSession(
  nameOrOptions?: string | FromSessionOptions,
  optionsOfName?: FromSessionOptions,
): TokenExtractor {
  const isNamed = typeof nameOrOptions === 'string';
  const name = isNamed ? nameOrOptions : undefined;
  const { refresh = false } = (isNamed ? optionsOfName : nameOrOptions) ?? {};
  const isMeant = (connection: { name: string }) => name === undefined || connection.name === name;

  return scopedExtractor(
    (request) => tokenAmong(connectionsOf(request).filter(isMeant), refresh, () => true),
    {
      find(request, scope) {
        const { userPools } = scope;
        const candidates = connectionsIn(request, scope.signInPages).filter(
          (connection) => isMeant(connection) && (!userPools || connection.serves(userPools)),
        );
        noteAsked(request, scope, candidates);
        return tokenAmong(candidates, refresh, (connection, token) => {
          if (!userPools || connection.isOneOf(userPools, token)) return true;
          noteUseless(request, connection);
          return false;
        });
      },
      problemAmong(signInPages) {
        const registered = signInPages.filter((pages) => pages instanceof HostedUi);
        if (registered.length === 0) return WITHOUT_MODULE;
        return registered.some(isMeant) ? undefined : unknownName(name, registered);
      },
    },
  );
}

markExtractorFactories(fromSession);

function connectionsIn(
  request: unknown,
  signInPages: readonly object[],
): readonly HostedUiConnection[] {
  if (!(request instanceof SocketMessage)) return connectionsOf(request);
  return signInPages
    .filter((pages) => pages instanceof HostedUi)
    .map((hostedUi) => hostedUi.connectionOfSocket(request));
}

function tokenAmong(
  [connection, ...others]: readonly HostedUiConnection[],
  refresh: boolean,
  isFit: (connection: HostedUiConnection, token: string) => boolean,
): string | null | Promise<string | null> {
  if (!connection) return null;
  const token = connection.accessToken(refresh);
  if (!token) return tokenAmong(others, refresh, isFit);
  const choose = (found: string | null) =>
    found !== null && isFit(connection, found) ? found : tokenAmong(others, refresh, isFit);
  return token instanceof Promise ? token.then(choose) : choose(token);
}

const WITHOUT_MODULE =
  '"tokenFrom" has fromSession(), but nothing makes sessions: add CognitoHostedUiModule.forRoot({ domain, clientId, redirectUri, logoutUri }) to the imports of the application, or take fromSession() out.';

function unknownName(name: string | undefined, registered: readonly HostedUi[]): string {
  return `"tokenFrom" has fromSession(${JSON.stringify(name)}); the registrations of CognitoHostedUiModule are ${registered.map((pages) => JSON.stringify(pages.name)).join(', ')} (option "name", by default the name of the user pool).`;
}
