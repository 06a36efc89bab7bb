import { HttpException } from '@nestjs/common';

/** Why a request was refused, in the words that clients and tests can rely on. */
export type CognitoAuthErrorCode = keyof typeof STATUS;

const STATUS = {
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
  token_revoked: 401,
  insufficient_scope: 403,
  insufficient_group: 403,
  insufficient_permission: 403,
  wrong_principal: 403,
  unknown_user: 403,
  check_failed: 403,
  unsupported_context: 403,
  keys_unavailable: 503,
  hook_failed: 503,
} as const;

const REASONS = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
} as const;

interface CognitoAuthErrorDetails {
  /** What led to the refusal; never sent to the client. */
  cause?: unknown;
  /** The scopes that the route asks for, for `insufficient_scope` and 401. */
  scopes?: readonly string[] | undefined;
  /** Seconds after which a retry makes sense, for 503. */
  retryAfter?: number | undefined;
  /** The hook of the application that failed, for `hook_failed`; never sent to the client. */
  hook?: string | undefined;
}

/**
 * Every refusal of this library: an `HttpException` with a stable `code`.
 *
 * The body is Nest's own shape plus the code:
 * `{ "statusCode": 401, "error": "Unauthorized", "code": "token_expired", "message": "…" }`.
 * Neither the message nor the challenge ever contains a token or a claim of an unverified token.
 *
 * A refusal of the caller has no stack trace: it is an answer, not a fault, and to collect one costs
 * more than to refuse.
 */
export class CognitoAuthError extends HttpException {
  /** Why the request was refused. */
  readonly code: CognitoAuthErrorCode;

  /** Whole seconds after which a retry makes sense; only on 503. */
  readonly retryAfter?: number;

  /** The hook of the application that failed; only with `hook_failed`. */
  readonly hook?: string;

  // Not a property that a frozen error keeps from being set.
  #scopes: readonly string[];

  constructor(code: CognitoAuthErrorCode, message: string, details: CognitoAuthErrorDetails = {}) {
    const status = STATUS[code];
    // Not an assignment: where the built-ins are frozen, that would throw.
    const { stackTraceLimit } = Error;
    if (status < 500) Reflect.set(Error, 'stackTraceLimit', 0);
    super({ statusCode: status, error: REASONS[status], code, message }, status, {
      cause: details.cause,
    });
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
    this.code = code;
    this.#scopes = details.scopes ?? [];
    if (details.hook !== undefined) this.hook = details.hook;
    if (status === 503) this.retryAfter = Math.max(1, Math.ceil(details.retryAfter ?? 1));
  }

  /**
   * The value of `WWW-Authenticate` for this refusal (RFC 6750 §3), or `undefined` for a 503.
   *
   * It names an error only where another token would help, and the scopes that this token needs,
   * as far as the route asks for some. OAuth clients ask for a new authorization when they read
   * `insufficient_scope`, which no group and no permission comes with.
   *
   * @param realm the protection space to name (RFC 9110 §11.5)
   */
  challenge(realm: string): string | undefined {
    const status = this.getStatus();
    if (status === 503) return undefined;
    const parameters = [`realm="${realm}"`];
    const error = this.challengeError();
    if (error) {
      parameters.push(`error="${error}"`, `error_description="${quotable(this.message)}"`);
    }
    const namesScopes = status === 401 || error === 'insufficient_scope';
    if (namesScopes && this.#scopes.length > 0) {
      parameters.push(`scope="${this.#scopes.join(' ')}"`);
    }
    return `Bearer ${parameters.join(', ')}`;
  }

  /**
   * Tells the refusal what its route asks for, unless it knows.
   *
   * @internal
   */
  nameScopes(scopes: readonly string[]): void {
    if (this.code !== 'insufficient_scope' || this.#scopes.length === 0) this.#scopes = scopes;
  }

  private challengeError(): string | undefined {
    // RFC 6750 §3.1: nothing but the challenge itself when no token was sent.
    if (this.code === 'missing_token') return undefined;
    const status = this.getStatus();
    if (status === 400) return 'invalid_request';
    if (status === 401) return 'invalid_token';
    return this.code === 'insufficient_scope' ? 'insufficient_scope' : undefined;
  }
}

/** RFC 6750 §3: an error_description is printable ASCII without `"` and `\`. */
function quotable(text: string): string {
  return text.replace(/"/g, "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
}

/** Wrong options: stops the boot with one message that lists every wrong value. */
export class CognitoAuthOptionsError extends Error {
  override readonly name = 'CognitoAuthOptionsError';

  /** One sentence per wrong value. */
  readonly problems: readonly string[];

  /**
   * @param subject what cannot start
   * @param note what the problems have in common
   */
  constructor(problems: readonly string[], subject = 'CognitoAuthModule', note?: string) {
    const count = problems.length === 1 ? 'an option is' : `${problems.length} options are`;
    const lines = [...problems.map(item), ...(note === undefined ? [] : [note])];
    super(`${subject} cannot start, ${count} wrong:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

function item(problem: string): string {
  return `  - ${problem}`;
}
