import { LOWERCASE_ALPHANUMERIC, randomText } from './random-text.js';

/** An app client to create in a local user pool. Every part has a default. */
export interface LocalClientSetup {
  /** Default: 26 random lowercase letters and digits. */
  clientId?: string;
  /** A label for people; it is in no token. */
  name?: string;
  /** Makes the client confidential, which the client credentials grant asks for. Default: none. */
  secret?: string;
  /** The scopes that this client may ask for, such as `openid` or `orders/read`. Default: none. */
  scopes?: readonly string[];
  /** How long access tokens live, in seconds. Default: one hour. */
  accessTokenValidity?: number;
  /** How long ID tokens live, in seconds. Default: one hour. */
  idTokenValidity?: number;
}

/** An app client of a local user pool, with everything that was left to defaults. */
export interface LocalClient {
  readonly clientId: string;
  readonly name?: string;
  readonly secret?: string;
  readonly scopes: readonly string[];
  readonly accessTokenValidity: number;
  readonly idTokenValidity: number;
}

/** The app clients of a pool, never none. */
export type LocalClients = readonly [LocalClient, ...LocalClient[]];

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
  const { clientId = randomText(LOWERCASE_ALPHANUMERIC, 26), name, secret, scopes = [] } = setup;
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
    accessTokenValidity,
    idTokenValidity,
  });
}
