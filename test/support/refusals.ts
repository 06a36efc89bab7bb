import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
import { expect } from 'vitest';

// What the documentation promises, written down a second time and not read from the library.
const STATUS: Partial<Record<CognitoAuthErrorCode, number>> = {
  missing_token: 401,
  malformed_request: 400,
  malformed_token: 401,
  invalid_signature: 401,
  unknown_key: 401,
  token_expired: 401,
  token_not_active: 401,
  wrong_issuer: 401,
  wrong_client: 401,
  wrong_token_use: 401,
  wrong_audience: 401,
  insufficient_scope: 403,
  insufficient_group: 403,
  wrong_principal: 403,
  unsupported_context: 403,
  keys_unavailable: 503,
};

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
};

const ERRORS: Record<number, string> = { 400: 'invalid_request', 401: 'invalid_token' };

/** What a challenge may say besides the error. */
interface ChallengeSetup {
  /** Default: the default of the library. */
  realm?: string;
  /** The scopes that the route asks for. Default: none. */
  scopes?: readonly string[];
}

interface Refusal {
  status: number;
  code: CognitoAuthErrorCode;
  challenge: unknown;
  retryAfter: unknown;
  body: object;
}

/**
 * The whole answer to a refused request: status, challenge, code and body.
 *
 * @example `expect(await send(app, '/admin', token)).toMatchObject(refusal('insufficient_group'))`
 */
export function refusal(code: CognitoAuthErrorCode, challenge: ChallengeSetup = {}): Refusal {
  const status = STATUS[code];
  if (status === undefined) throw new Error(`no status is written down for "${code}"`);
  return {
    status,
    code,
    challenge: challengeTo(code, status, challenge),
    retryAfter: status === 503 ? expect.stringMatching(/^[1-9]\d*$/) : undefined,
    body: {
      statusCode: status,
      error: REASONS[status],
      code,
      message: expect.stringMatching(/^[\x20-\x7e]+$/),
    },
  };
}

function challengeTo(
  code: CognitoAuthErrorCode,
  status: number,
  { realm = 'api', scopes = [] }: ChallengeSetup,
): unknown {
  if (status === 503) return undefined;
  const bearer = `Bearer realm="${realm}"`;
  const scope = scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : '';
  // RFC 6750 §3.1: no error when no token was sent.
  if (code === 'missing_token') return `${bearer}${scope}`;
  // A new token with more scopes would not help.
  if (status === 403 && code !== 'insufficient_scope') return bearer;
  const error = ERRORS[status] ?? code;
  const named = status === 400 ? '' : scope;
  const pattern = `^${bearer}, error="${error}", error_description="[^"\\\\]+"${named}$`;
  return expect.stringMatching(new RegExp(pattern));
}
