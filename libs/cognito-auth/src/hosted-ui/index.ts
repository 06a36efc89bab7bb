export { CognitoHostedUiModule } from './cognito-hosted-ui.module.js';
export type {
  CognitoHostedUiExtras,
  CognitoHostedUiOptionsFactory,
} from './cognito-hosted-ui.module-definition.js';
export type {
  CognitoHostedUiOptions,
  HostedUiCookieOptions,
  HostedUiLogin,
} from './cognito-hosted-ui.options.js';
export { CognitoHostedUiService } from './cognito-hosted-ui.service.js';
export type { CognitoSession, HostedUiLoginStart } from './hosted-ui.js';
export type { HostedUiParameter, HostedUiParameters } from './authorization-parameters.js';
export type { HostedUiRequest } from './error-page.js';
export type { HostedUiPage } from './identity-provider.js';
export type { HostedUiAnswer, HostedUiFetch, HostedUiFetchInit } from './fetch-once.js';
export { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
export type { CognitoHostedUiErrorCode } from './cognito-hosted-ui.errors.js';
export { fromSession } from './from-session.js';
export { RedirectToLogin, RedirectToLoginFilter } from './redirect-to-login.js';
export type { SessionStoreLike } from './session-store.js';
