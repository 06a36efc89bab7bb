export { withCognitoAuth } from './cognito-ws.adapter.js';
export type { CognitoWsOptions } from './cognito-ws.options.js';
export { principalOf } from './connections.js';
