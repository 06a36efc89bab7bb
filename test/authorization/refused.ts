import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
import { expect } from 'vitest';

// What the documentation promises, written down a second time and not read from the library.
const STATUS = {
  token_revoked: [401, 'Unauthorized', 'invalid_token'],
  insufficient_permission: [403, 'Forbidden', null],
  unknown_user: [403, 'Forbidden', null],
  check_failed: [403, 'Forbidden', null],
  hook_failed: [503, 'Service Unavailable', undefined],
} as const satisfies Partial<Record<CognitoAuthErrorCode, unknown>>;

const BEARER = 'Bearer realm="api"';

/**
 * The whole answer to a request that the application itself refused, through a hook or a check.
 *
 * @param message what the client is told; by default anything in printable ASCII
 */
export function refused(code: keyof typeof STATUS, message?: string): object {
  const [status, error, challengeError] = STATUS[code];
  return {
    status,
    code,
    // No token would help: there is nothing to ask Cognito for.
    challenge:
      challengeError === null ? BEARER : challengeError && challengeTo(challengeError, message),
    retryAfter: status === 503 ? '1' : undefined,
    body: {
      statusCode: status,
      error,
      code,
      message: message ?? expect.stringMatching(/^[\x20-\x7e]+$/),
    },
  };
}

function challengeTo(error: string, message?: string): unknown {
  const start = `${BEARER}, error="${error}", error_description="`;
  if (message !== undefined) return `${start}${message}"`;
  return expect.stringMatching(new RegExp(`^${start}[^"\\\\]+"$`));
}
