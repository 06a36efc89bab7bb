export { addCognitoAuth } from './cognito-scheme.js';
export type { CognitoAuthSchemeOptions } from './cognito-scheme.js';
export { applyCognitoSecurity } from './cognito-security.js';
export { setupCognitoSwagger } from './cognito-swagger.js';
export type { CognitoSwaggerOptions } from './cognito-swagger.js';
export type { HostedUi } from './hosted-ui.js';
