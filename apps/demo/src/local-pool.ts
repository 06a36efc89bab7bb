import type { OnApplicationShutdown } from '@nestjs/common';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import type { HostedPages } from './configuration.js';
import { SWAGGER_PATH } from './swagger-page.js';

const A_DAY = 86_400;
const VALIDITY = { accessTokenValidity: A_DAY, idTokenValidity: A_DAY };

/** The app client that people sign in through on the Swagger page. */
const WEB = {
  clientId: 'demo_web',
  name: 'the demo',
  scopes: ['openid', 'email', 'profile', 'orders/read', 'orders/write'],
  ...VALIDITY,
};

/** The app client of the demo itself, with tokens as short as Cognito's can be. */
const BROWSER = {
  clientId: 'demo_browser',
  name: 'the demo',
  scopes: WEB.scopes,
  accessTokenValidity: 300,
  idTokenValidity: 300,
};

/** The app client that is a machine. */
const MACHINE = {
  clientId: 'demo_machine',
  secret: 'demo-machine-secret',
  scopes: ['orders/read', 'orders/write'],
  ...VALIDITY,
};

/** What a sign-in asks for unless it says otherwise: enough to read orders, not to place them. */
const USUAL_SCOPES = ['openid', 'email', 'profile', 'orders/read'];

const USERS = [
  {
    username: 'alice',
    password: 'alice-password',
    name: 'Alice Ahmed',
    email: 'alice@example.com',
    groups: ['admin', 'auditor'],
    attributes: { 'custom:tenant': 'acme' },
  },
  {
    username: 'bob',
    password: 'bob-password',
    name: 'Bob Brandt',
    email: 'bob@example.com',
  },
  {
    username: 'carol',
    password: 'carol-password',
    name: 'Carol Costa',
    email: 'carol@example.com',
    groups: ['analyst'],
  },
];

/** Tokens as Cognito's token endpoint answers with them. */
export interface TokenSet {
  readonly access_token: string;
  readonly id_token?: string;
  readonly token_type: 'Bearer';
  /** In seconds. */
  readonly expires_in: number;
}

/** The user pool of the demo: in memory, with new keys at every start, served on this machine only. */
export class LocalPool implements OnApplicationShutdown {
  readonly machine = MACHINE;

  private constructor(
    private readonly pool: LocalUserPool,
    private readonly server?: LocalUserPoolServer,
  ) {}

  /** Starts the user pool of an API at this port; rejects when its own port cannot be had. */
  static async start(port: number, apiPort: number): Promise<LocalPool> {
    const { pool } = await LocalPool.create(apiPort);
    return new LocalPool(pool, await pool.listen(port));
  }

  /** The same user pool, but nobody can sign in there or fetch its keys. */
  static async create(apiPort: number): Promise<LocalPool> {
    const clients = [
      { ...WEB, ...swaggerUrls(apiPort) },
      { ...BROWSER, ...pageUrls(apiPort) },
      MACHINE,
    ];
    const pool = await LocalUserPool.create({
      userPoolId: 'local_demo',
      users: USERS,
      clients,
      signInHint: `Passwords: ${USERS.map(({ password }) => password).join(', ')}.`,
    });
    return new LocalPool(pool);
  }

  get userPoolId(): string {
    return this.pool.userPoolId;
  }

  get users() {
    return this.pool.users;
  }

  get issuer(): string {
    return this.pool.issuer;
  }

  /** Absent while the user pool is not started. */
  get tokenEndpoint(): string | undefined {
    return this.server && `${this.server.url}/oauth2/token`;
  }

  /** The sign-in page for the Swagger page. */
  get hostedUi(): HostedPages {
    return { domain: this.domain, clientId: WEB.clientId, scopes: WEB.scopes };
  }

  /** The sign-in page for the demo itself. */
  get signIn(): HostedPages {
    return { domain: this.domain, clientId: BROWSER.clientId, scopes: USUAL_SCOPES };
  }

  /** Module options that trust this pool, and fetch its keys from it as from Cognito. */
  options() {
    return this.server ? this.server.options() : this.pool.options();
  }

  /** The scopes that a user or a machine can have; `undefined` when there is neither of this name. */
  scopesOf(name: string): readonly string[] | undefined {
    if (name === MACHINE.clientId) return MACHINE.scopes;
    return this.pool.users.some(({ username }) => username === name) ? WEB.scopes : undefined;
  }

  /** The tokens of a sign-in of this user, or of a request of this machine, for these scopes. */
  tokensOf(name: string, scopes?: readonly string[]): TokenSet {
    const common = { token_type: 'Bearer', expires_in: A_DAY } as const;
    if (name === MACHINE.clientId) {
      return { access_token: this.pool.clientToken({ clientId: name, scopes }), ...common };
    }
    const granted = scopes ?? USUAL_SCOPES;
    const accessToken = this.pool.accessToken(name, { scopes: granted });
    // OpenID Connect Core §3.1.2.1: no ID token without the scope openid.
    if (!granted.includes('openid')) return { access_token: accessToken, ...common };
    const idToken = this.pool.idToken(name, { scopes: granted, accessToken });
    return { access_token: accessToken, id_token: idToken, ...common };
  }

  /** The origin of the sign-in page: it knows its port when the user pool is started. */
  private get domain(): string {
    return new URL(this.issuer).origin;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  async close(): Promise<void> {
    await this.server?.close();
  }
}

function swaggerUrls(apiPort: number) {
  const callbackUrls = ['localhost', '127.0.0.1'].map(
    (host) => `${originOf(host, apiPort)}/${SWAGGER_PATH}/oauth2-redirect.html`,
  );
  return { callbackUrls };
}

function pageUrls(apiPort: number) {
  const url = originOf('localhost', apiPort);
  return { callbackUrls: [`${url}/auth/callback`], logoutUrls: [`${url}/`] };
}

/** As browsers write it: without the port 80. */
function originOf(host: string, port: number): string {
  return new URL(`http://${host}:${port}`).origin;
}
