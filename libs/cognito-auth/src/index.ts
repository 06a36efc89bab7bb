export { CognitoAuthModule } from './cognito-auth.module.js';
export type {
  CognitoAuthExtras,
  CognitoAuthOptionsFactory,
} from './cognito-auth.module-definition.js';
export type {
  CognitoAuthOptions,
  KeyOptions,
  TokenCacheOptions,
  UnsafeOptions,
  UserPoolOptions,
} from './cognito-auth.options.js';
export { CognitoAuthService } from './cognito-auth.service.js';
export { CognitoAuthError, CognitoAuthOptionsError } from './cognito-auth.errors.js';
export type { CognitoAuthErrorCode } from './cognito-auth.errors.js';

export { CognitoGuard } from './access/cognito.guard.js';
export {
  Authenticated,
  ClientsOnly,
  Groups,
  OptionalAuth,
  Public,
  Scopes,
  TokenUse,
  UsersOnly,
} from './access/rule.decorators.js';
export { Claims, CurrentUser, Principal, RawToken } from './access/parameter.decorators.js';
export type { AccessMode, AccessRules, GroupsRule, ScopesRule } from './access/access-rules.js';

export type { CognitoClaims } from './token/claims.js';
export type { CognitoClient, CognitoPrincipal, CognitoUser } from './token/principal.js';
export { fromBearerHeader } from './transport/token-extractors.js';
export type { TokenCarrier, TokenExtractor } from './transport/token-extractors.js';
