import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthorizationCodes } from './authorization-codes.js';
import { authorizeEndpoint } from './authorize.endpoint.js';
import { BrowserSessions } from './browser-sessions.js';
import { discoveryEndpoint } from './discovery.endpoint.js';
import type { Endpoint, EndpointContext } from './endpoint.js';
import { jwksEndpoint, jwksPathOf } from './jwks.endpoint.js';
import type { LocalUserPoolServerOptions, WithOverrides } from './local-user-pool.options.js';
import type { LocalUserPool } from './local-user-pool.js';
import { loginEndpoint } from './login.endpoint.js';
import { logoutEndpoint } from './logout.endpoint.js';
import { forgotPasswordEndpoint, passkeysEndpoint } from './notice.endpoints.js';
import { requestHandler, type ServedEndpoint } from './request-handler.js';
import { revokeEndpoint } from './revoke.endpoint.js';
import { signUpEndpoint } from './sign-up.endpoint.js';
import { tokenEndpoint } from './token.endpoint.js';
import { userInfoEndpoint } from './user-info.endpoint.js';

// What the discovery document describes. Each endpoint is a file of its own.
const ENDPOINTS: readonly ((context: EndpointContext) => Endpoint)[] = [
  jwksEndpoint,
  authorizeEndpoint,
  loginEndpoint,
  signUpEndpoint,
  forgotPasswordEndpoint,
  passkeysEndpoint,
  tokenEndpoint,
  userInfoEndpoint,
  revokeEndpoint,
  logoutEndpoint,
];

/** A local user pool that listens on a port, until it is closed. */
export class LocalUserPoolServer {
  private closing?: Promise<void>;

  /** @internal */
  constructor(
    private readonly http: Server,
    private readonly pool: LocalUserPool,
    private readonly onClose: () => void,
    /** The origin of all endpoints, without a slash at its end. */
    readonly url: string,
    readonly port: number,
    private readonly served: ReadonlyMap<string, ServedEndpoint>,
  ) {}

  /**
   * The base address of the sign-in page and the OAuth endpoints, the `domain` of a user pool: here
   * the same as `url`.
   */
  get domain(): string {
    return this.url;
  }

  /**
   * How many requests have come to each path that is served, refused ones included; the pages beside
   * the sign-in page are here once they were opened.
   */
  get requests(): Readonly<Record<string, number>> {
    const listed = [...this.served].filter(
      ([, { endpoint, requests }]) => requests > 0 || !endpoint.isListedOnUse,
    );
    return Object.fromEntries(listed.map(([path, { requests }]) => [path, requests]));
  }

  /** The `iss` of the pool's tokens: the address of this server, unless the pool has its own. */
  get issuer(): string {
    return this.pool.issuer;
  }

  /** Where the keys are. */
  get jwksUri(): string {
    return this.url + jwksPathOf(this.pool.userPoolId);
  }

  /** Module options that trust this pool and fetch its keys from here. */
  options(overrides?: undefined): LocalUserPoolServerOptions;
  options<const Overrides extends object | undefined>(
    overrides: Overrides,
  ): WithOverrides<LocalUserPoolServerOptions, Overrides>;
  options(overrides?: object): object {
    const { userPoolId, clientId, issuer } = this.pool.options();
    return { userPoolId, clientId, issuer, jwksUri: this.jwksUri, ...overrides };
  }

  /** Stops listening and drops all connections. A second call changes nothing. */
  close(): Promise<void> {
    this.closing ??= new Promise((resolve) => {
      this.http.close(() => {
        this.onClose();
        resolve();
      });
      this.http.closeAllConnections();
    });
    return this.closing;
  }
}

/** Serves a pool; rejects with what to do when the port cannot be had. */
export async function startServer(
  { pool, refreshTokens }: Pick<EndpointContext, 'pool' | 'refreshTokens'>,
  { port, host, onClose }: { port: number; host: string; onClose: () => void },
): Promise<LocalUserPoolServer> {
  const http = createServer();
  const boundPort = await listening(http, port, host);
  const context = {
    pool,
    refreshTokens,
    codes: new AuthorizationCodes(),
    browserSessions: new BrowserSessions(),
    url: `http://${hostnameFor(host)}:${boundPort}`,
  };
  const endpoints = ENDPOINTS.map((endpoint) => endpoint(context));
  const served = new Map(
    [...endpoints, discoveryEndpoint(context, endpoints)].map((endpoint) => [
      endpoint.path,
      { endpoint, requests: 0 },
    ]),
  );
  http.on('request', requestHandler(served));
  return new LocalUserPoolServer(http, pool, onClose, context.url, boundPort, served);
}

async function listening(http: Server, port: number, host: string): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject).listen(port, host, resolve);
    });
    return (http.address() as AddressInfo).port;
  } catch (cause) {
    throw new Error(`LocalUserPool: cannot listen on ${host}:${port}. ${remedyFor(cause)}`, {
      cause,
    });
  }
}

function remedyFor(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    ? 'The port is taken: stop what listens there, or call listen() without a port for a free one.'
    : 'Give it a port and a host of this machine that are yours to use.';
}

// The issuer of a pool on this machine says localhost, as that of local emulators does.
const LOCAL_HOSTS = new Set(['127.0.0.1', '::1', '0.0.0.0', '::']);

function hostnameFor(host: string): string {
  if (LOCAL_HOSTS.has(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
