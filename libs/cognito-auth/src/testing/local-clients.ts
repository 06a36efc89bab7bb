import { isCognitoUrl } from './client-urls.js';
import { LOWERCASE_ALPHANUMERIC, randomText } from './random-text.js';

/** An app client to create in a local user pool. Every part has a default. */
export interface LocalClientSetup {
  /** Default: 26 random lowercase letters and digits. */
  clientId?: string | undefined;
  /** A label for people, on the sign-in page; it is in no token. */
  name?: string | undefined;
  /** Makes the client confidential, which the client credentials grant asks for. Default: none. */
  secret?: string | undefined;
  /**
   * The scopes that this client may ask for, such as `openid` or `orders/read`.
   *
   * Default: `openid`, `email`, `phone` and `profile`.
   */
  scopes?: readonly string[] | undefined;
  /**
   * Where the sign-in page may send browsers back to. As in Cognito an address has to be here
   * exactly, and is `https:`, the scheme of an app, or `http:` on this machine.
   *
   * Default: any address of this machine (`localhost`, `127.0.0.1` or `[::1]`), and no other.
   */
  callbackUrls?: readonly string[] | undefined;
  /** Where `/logout` may send browsers. Rules and default are those of `callbackUrls`. */
  logoutUrls?: readonly string[] | undefined;
  /**
   * Gives a new refresh token with each refresh, and takes the old one out of use at once.
   *
   * Default: false.
   */
  refreshTokenRotation?: boolean | undefined;
  /** How long access tokens live, in seconds. Default: one hour. */
  accessTokenValidity?: number | undefined;
  /** How long ID tokens live, in seconds. Default: one hour. */
  idTokenValidity?: number | undefined;
}

/** An app client of a local user pool, with everything that was left to defaults. */
export interface LocalClient {
  readonly clientId: string;
  readonly name?: string;
  readonly secret?: string;
  readonly scopes: readonly string[];
  readonly callbackUrls?: readonly string[];
  readonly logoutUrls?: readonly string[];
  readonly refreshTokenRotation: boolean;
  readonly accessTokenValidity: number;
  readonly idTokenValidity: number;
}

/** The app clients of a pool, never none. */
export type LocalClients = readonly [LocalClient, ...LocalClient[]];

/** The scopes of OpenID Connect that Cognito knows. */
export const OPENID_SCOPES: readonly string[] = ['openid', 'email', 'phone', 'profile'];

const ONE_HOUR = 3600;

/** Creates the app clients of a pool: one public client when none is asked for. */
export function createClients([first = {}, ...others]: readonly LocalClientSetup[]): LocalClients {
  const clients: LocalClients = [createClient(first), ...others.map(createClient)];
  for (const { clientId } of clients) {
    if (clients.filter((client) => client.clientId === clientId).length > 1) {
      throw new Error(`LocalUserPool: "clients" has two app clients with the id "${clientId}".`);
    }
  }
  return Object.freeze(clients);
}

/** The app client of this id; of any other id, an error that lists which there are. */
export function clientWithId(clientId: string, clients: LocalClients): LocalClient {
  const client = clients.find((candidate) => candidate.clientId === clientId);
  if (client) return client;

  const known = clients.map((candidate) => `"${candidate.clientId}"`).join(', ');
  throw new Error(
    `LocalUserPool: there is no app client "${clientId}"; this pool has ${known}. ` +
      'Add the client to "clients" of LocalUserPool.create().',
  );
}

/** Custom scopes, `<resource server>/<name>`: all that a machine can be granted. */
export function isCustomScope(scope: string): boolean {
  return scope.includes('/');
}

function createClient(setup: LocalClientSetup): LocalClient {
  const { clientId = randomText(LOWERCASE_ALPHANUMERIC, 26), name, secret } = setup;
  const { callbackUrls, logoutUrls, refreshTokenRotation = false, scopes = OPENID_SCOPES } = setup;
  const { accessTokenValidity = ONE_HOUR, idTokenValidity = ONE_HOUR } = setup;
  if (clientId === '') throw new Error('LocalUserPool: "clients" has an app client with no id.');
  if (secret === '') {
    throw new Error(`LocalUserPool: the secret of app client "${clientId}" is empty.`);
  }
  return Object.freeze({
    clientId,
    name,
    secret,
    scopes: Object.freeze([...scopes]),
    callbackUrls: checkedUrls(callbackUrls, `"callbackUrls" of app client "${clientId}"`),
    logoutUrls: checkedUrls(logoutUrls, `"logoutUrls" of app client "${clientId}"`),
    refreshTokenRotation,
    accessTokenValidity,
    idTokenValidity,
  });
}

function checkedUrls(urls: readonly string[] | undefined, option: string) {
  const refused = urls?.find((url) => !isCognitoUrl(url));
  if (refused === undefined) return urls && Object.freeze([...urls]);
  throw new Error(
    `LocalUserPool: ${option} has "${refused}"; Cognito takes absolute addresses without a ` +
      'fragment, and http: only with localhost, 127.0.0.1 or [::1].',
  );
}
