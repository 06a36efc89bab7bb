export { LocalUserPool } from './local-user-pool.js';
export type { LocalUserPoolServer } from './local-user-pool.server.js';
export type {
  AccessTokenOptions,
  ClientTokenOptions,
  ForgedTokenOptions,
  IdTokenOptions,
  ListenOptions,
  LocalTokenOptions,
  LocalUserPoolOptions,
  LocalUserPoolServerOptions,
  LocalUserPoolSetup,
  RefreshTokenOptions,
  SignOptions,
  WithOverrides,
} from './local-user-pool.options.js';
export type { LocalClient, LocalClients, LocalClientSetup } from './local-clients.js';
export type { KeyUse, LocalJwk } from './local-keys.js';
export type { LocalUser, LocalUserSetup } from './local-users.js';
export type { SessionOptions, TokenClaims } from './token-shapes.js';
export type { TokenPart } from './compact-jws.js';
