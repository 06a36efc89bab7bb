import { HttpException } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CognitoAuthError, CognitoAuthOptionsError } from './cognito-auth.errors.js';
import type { CognitoAuthErrorCode } from './cognito-auth.errors.js';

const CODES: [CognitoAuthErrorCode, number, string, string | null | undefined][] = [
  ['malformed_request', 400, 'Bad Request', 'invalid_request'],
  ['malformed_token', 401, 'Unauthorized', 'invalid_token'],
  ['invalid_signature', 401, 'Unauthorized', 'invalid_token'],
  ['unknown_key', 401, 'Unauthorized', 'invalid_token'],
  ['token_expired', 401, 'Unauthorized', 'invalid_token'],
  ['token_not_active', 401, 'Unauthorized', 'invalid_token'],
  ['wrong_issuer', 401, 'Unauthorized', 'invalid_token'],
  ['wrong_client', 401, 'Unauthorized', 'invalid_token'],
  ['wrong_token_use', 401, 'Unauthorized', 'invalid_token'],
  ['wrong_audience', 401, 'Unauthorized', 'invalid_token'],
  ['token_revoked', 401, 'Unauthorized', 'invalid_token'],
  ['insufficient_scope', 403, 'Forbidden', 'insufficient_scope'],
  ['insufficient_group', 403, 'Forbidden', null],
  ['insufficient_permission', 403, 'Forbidden', null],
  ['wrong_principal', 403, 'Forbidden', null],
  ['unknown_user', 403, 'Forbidden', null],
  ['check_failed', 403, 'Forbidden', null],
  ['unsupported_context', 403, 'Forbidden', null],
  ['keys_unavailable', 503, 'Service Unavailable', undefined],
  ['hook_failed', 503, 'Service Unavailable', undefined],
];

describe('CognitoAuthError', () => {
  it.each(CODES)('with the code %s is an HttpException of status %i', (code, status, error) => {
    const refusal = new CognitoAuthError(code, 'It went wrong');
    expect(refusal).toBeInstanceOf(HttpException);
    expect(refusal).toMatchObject({ name: 'CognitoAuthError', code, message: 'It went wrong' });
    expect(refusal.getStatus()).toBe(status);
    expect(refusal.getResponse()).toEqual({
      statusCode: status,
      error,
      code,
      message: 'It went wrong',
    });
  });

  it('keeps its cause out of what the client gets', () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.7:443');
    const refusal = new CognitoAuthError('keys_unavailable', 'Try again later', { cause });
    expect(refusal.cause).toBe(cause);
    expect(JSON.stringify(refusal.getResponse())).not.toContain('ECONNREFUSED');
    expect(JSON.stringify(refusal)).not.toContain('ECONNREFUSED');
  });

  it.each([
    [undefined, 1],
    [0, 1],
    [-3, 1],
    [0.2, 1],
    [1.2, 2],
    [30, 30],
  ])('with 503 and a retry after %s s asks for a retry after %i s', (retryAfter, seconds) => {
    const refusal = new CognitoAuthError('hook_failed', 'Try again later', { retryAfter });
    expect(refusal.retryAfter).toBe(seconds);
  });

  it('has a stack trace only where something is to be repaired', () => {
    const limit = Error.stackTraceLimit;
    const cause = new Error('down');
    const refusal = new CognitoAuthError('token_expired', 'Too late', { cause });
    const failure = new CognitoAuthError('hook_failed', 'Try again later', { cause });
    expect(refusal.stack).not.toMatch(/\n +at /);
    expect(failure.stack).toMatch(/\n +at /);
    expect(Error.stackTraceLimit).toBe(limit);
    expect(cause.stack).toMatch(/\n +at /);
  });

  it('says nothing of a retry when the caller is at fault', () => {
    const refusal = new CognitoAuthError('token_expired', 'Too late', { retryAfter: 5 });
    expect(refusal.retryAfter).toBeUndefined();
  });
});

describe('CognitoAuthError.challenge()', () => {
  it('is bare when no token was sent', () => {
    const refusal = new CognitoAuthError('missing_token', 'The request has no token');
    expect(refusal.challenge('orders')).toBe('Bearer realm="orders"');
  });

  it.each(CODES)(
    'for %s with status %i and reason %s names %s',
    (code, _status, _reason, error) => {
      const named = `Bearer realm="api", error="${error}", error_description="It went wrong"`;
      const expected = error === null ? 'Bearer realm="api"' : error && named;
      expect(new CognitoAuthError(code, 'It went wrong').challenge('api')).toBe(expected);
    },
  );

  it('names the scopes that would do', () => {
    const scopes = ['orders/read', 'orders/write'];
    const refusal = new CognitoAuthError('insufficient_scope', 'Ask for more', { scopes });
    expect(refusal.challenge('api')).toBe(
      'Bearer realm="api", error="insufficient_scope", error_description="Ask for more", scope="orders/read orders/write"',
    );
  });

  it.each<[CognitoAuthErrorCode, string]>([
    ['missing_token', 'Bearer realm="api", scope="a b"'],
    [
      'token_expired',
      'Bearer realm="api", error="invalid_token", error_description="It went wrong", scope="a b"',
    ],
    [
      'insufficient_scope',
      'Bearer realm="api", error="insufficient_scope", error_description="It went wrong", scope="a b"',
    ],
    [
      'malformed_request',
      'Bearer realm="api", error="invalid_request", error_description="It went wrong"',
    ],
    ['insufficient_group', 'Bearer realm="api"'],
    ['unknown_user', 'Bearer realm="api"'],
  ])('names the scopes of the route only where they help: %s', (code, challenge) => {
    const refusal = Object.freeze(new CognitoAuthError(code, 'It went wrong'));
    refusal.nameScopes(['a', 'b']);
    expect(refusal.challenge('api')).toBe(challenge);
  });

  it('keeps the scopes that the refusal names itself', () => {
    const refusal = new CognitoAuthError('insufficient_scope', 'Ask for more', { scopes: ['a'] });
    refusal.nameScopes(['b']);
    expect(refusal.challenge('api')).toMatch(/, scope="a"$/);
  });

  it('names no scopes when there are none to name', () => {
    const refusal = new CognitoAuthError('insufficient_scope', 'Ask for more', { scopes: [] });
    expect(refusal.challenge('api')).not.toContain('scope="');
  });

  it('stays one printable header value whatever the message says', () => {
    const refusal = new CognitoAuthError('malformed_token', 'Not "good" \\ at\r\nall: é→');
    expect(refusal.challenge('api')).toBe(
      `Bearer realm="api", error="invalid_token", error_description="Not 'good' ? at??all: ??"`,
    );
    expect(refusal.message).toBe('Not "good" \\ at\r\nall: é→');
  });
});

describe('CognitoAuthOptionsError', () => {
  it('lists one problem', () => {
    const error = new CognitoAuthOptionsError(['"clientId" is missing.']);
    expect(error.name).toBe('CognitoAuthOptionsError');
    expect(error.problems).toEqual(['"clientId" is missing.']);
    expect(error.message).toBe(
      'CognitoAuthModule cannot start, an option is wrong:\n  - "clientId" is missing.',
    );
  });

  it('lists several problems, one a line', () => {
    const error = new CognitoAuthOptionsError(['"a" is wrong.', '"b" is wrong.']);
    expect(error.message).toBe(
      'CognitoAuthModule cannot start, 2 options are wrong:\n  - "a" is wrong.\n  - "b" is wrong.',
    );
  });
});
