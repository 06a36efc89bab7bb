import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
import { refusal } from '../support/refusals.js';
import { refused } from '../authorization/refused.js';

/** The whole error that the client of a microservice gets for a refusal. */
export function rpcRefusal(code: CognitoAuthErrorCode): object {
  return rpcErrorOf((refusal(code) as { body: object }).body);
}

/** The same for a refusal by the application itself, through a hook or a check. */
export function refusedByApplication(code: Parameters<typeof refused>[0]): object {
  return rpcErrorOf((refused(code) as { body: object }).body);
}

function rpcErrorOf(body: object): object {
  return { status: 'error', ...body };
}
