export { CognitoAuthModule } from './cognito-auth.module.js';
export type {
  CognitoAuthExtras,
  CognitoAuthOptionsFactory,
} from './cognito-auth.module-definition.js';
export type {
  AppClientOptions,
  CognitoAuthOptions,
  KeyOptions,
  TokenCacheOptions,
  UnsafeOptions,
  UserPoolOptions,
} from './cognito-auth.options.js';
export { COGNITO_GLOBAL_GUARD } from './cognito-auth.module-definition.js';
export { CognitoAuthService } from './cognito-auth.service.js';
/** @internal */
export { RegisteredCognitoAuthService } from './cognito-auth.service.js';
export type { ConnectionRules } from './cognito-auth.service.js';
export { cognitoMiddleware } from './cognito-auth.middleware.js';
export type { CognitoMiddlewareRules } from './cognito-auth.middleware.js';
export { CognitoAuthError, CognitoAuthOptionsError } from './cognito-auth.errors.js';
export type { CognitoAuthErrorCode } from './cognito-auth.errors.js';

export { CognitoGuard } from './access/cognito.guard.js';
export {
  Authenticated,
  Check,
  ClientsOnly,
  Groups,
  OptionalAuth,
  Permissions,
  Public,
  Scopes,
  TokenUse,
  UserPool,
  UsersOnly,
} from './access/rule.decorators.js';
export { Claims, CurrentUser, Principal, RawToken } from './access/parameter.decorators.js';
export { assertNoUnprotectedRoutes } from './access/unprotected-routes.js';
export type {
  AccessMode,
  AccessPolicy,
  AccessRules,
  CheckRule,
  GroupsRule,
  ScopesRule,
} from './access/access-rules.js';
export type {
  AccessCheck,
  GroupsProvider,
  IdentityResolver,
  PermissionsProvider,
  ProviderOf,
} from './access/hooks.js';
export type { RouteInfo } from './access/route-inventory.js';
export type { VerifyRules } from './access/rule-values.js';

export { KeyvRevocationStore } from './revocation/keyv-revocation-store.js';
export type { KeyvLike } from './revocation/keyv-revocation-store.js';
export { MemoryRevocationStore } from './revocation/memory-revocation-store.js';
export type { RevocationStore, RevocationTarget } from './revocation/revocation-store.js';

export type { JsonWebKey } from './keys/json-web-key.js';

export type { CognitoClaims } from './token/claims.js';
export type { CognitoClient, CognitoPrincipal, CognitoUser } from './token/principal.js';
export {
  fromBearerHeader,
  fromCookie,
  fromHandshakeAuth,
  fromHeader,
  fromQuery,
  fromRpcMetadata,
} from './transport/token-extractors.js';
export type { TokenCarrier, TokenExtractor } from './transport/token-extractors.js';
export { onGraphqlConnect } from './transport/graphql-connect.js';
/** @internal */
export type { SignInPages } from './access/sign-in-pages.js';
/** @internal */
export { markExtractorFactories, scopedExtractor } from './transport/scoped-extractor.js';
export { RpcCall } from './transport/rpc-call.js';
export { SocketMessage } from './transport/socket-message.js';
export type { Handshake } from './transport/socket-message.js';
