import { HttpException } from '@nestjs/common';

/**
 * Why a sign-in, a refresh or a sign-out did not work, in the words that clients can rely on.
 *
 * - `invalid_return_to` (400): `returnTo` is not a path of this site.
 * - `invalid_parameter` (400): a parameter of the sign-in has a value that it cannot have.
 * - `invalid_state` (400): the answer of Cognito belongs to no sign-in that this browser began, or
 *   to one that is over.
 * - `duplicate_cookie` (400): the browser sends the cookie of the session twice, whatever is done.
 * - `login_failed` (400): Cognito did not sign the user in.
 * - `code_rejected` (400): Cognito does not take the authorization code.
 * - `token_rejected` (400): the tokens that Cognito sent are not valid here.
 * - `session_expired` (401): Cognito does not renew the session any more.
 * - `cross_site_request` (403): a browser says that another site sent the request.
 * - `navigation_required` (403): an image, a frame or the like asks for what a person has to open.
 * - `prefetch_refused` (403): a browser asks in advance for what is to be done on demand only.
 * - `session_too_large` (431): the tokens do not fit into cookies; the option `store` takes them.
 * - `identity_provider_unavailable` (503): Cognito does not answer.
 * - `store_unavailable` (503): the session store does not answer.
 */
export type CognitoHostedUiErrorCode = keyof typeof STATUS;

const STATUS = {
  invalid_return_to: 400,
  invalid_parameter: 400,
  invalid_state: 400,
  duplicate_cookie: 400,
  login_failed: 400,
  code_rejected: 400,
  token_rejected: 400,
  session_expired: 401,
  cross_site_request: 403,
  navigation_required: 403,
  prefetch_refused: 403,
  session_too_large: 431,
  identity_provider_unavailable: 503,
  store_unavailable: 503,
} as const;

const REASONS = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  431: 'Request Header Fields Too Large',
  503: 'Service Unavailable',
} as const;

/** None of these is ever sent to the client. */
interface CognitoHostedUiErrorDetails {
  /** The error that led to it. */
  cause?: unknown;
  /** The code of the refusal beneath. */
  reason?: string;
  /** Cognito's own words. */
  description?: string;
}

// Characters; a trigger of the user pool may write an essay.
const MAX_DESCRIPTION = 300;

/**
 * What goes wrong between a browser, this application and the hosted pages: an `HttpException`
 * with a stable `code`.
 *
 * The body is Nest's own shape plus the code:
 * `{ "statusCode": 400, "error": "Bad Request", "code": "invalid_state", "message": "…" }`.
 * Neither the message nor the body ever contains a token, a code, a state or a secret.
 */
export class CognitoHostedUiError extends HttpException {
  /** Why it did not work. */
  readonly code: CognitoHostedUiErrorCode;

  /** Whole seconds after which a retry makes sense; only on 503. */
  readonly retryAfter?: number;

  /**
   * The code of the refusal beneath: an error of OAuth such as `access_denied`, or the code of a
   * `CognitoAuthError`.
   */
  readonly reason?: string;

  /**
   * Cognito's own words for it, such as the message of a Lambda trigger that refused the sign-in: in
   * one line, at most 300 characters. They come with the address that the browser opened; escape
   * them on a page.
   */
  readonly description?: string;

  constructor(
    code: CognitoHostedUiErrorCode,
    message: string,
    { cause, reason, description }: CognitoHostedUiErrorDetails = {},
  ) {
    const status = STATUS[code];
    super({ statusCode: status, error: REASONS[status], code, message }, status, { cause });
    this.code = code;
    if (reason !== undefined) this.reason = reason;
    if (description) this.description = printable(description);
    if (status === 503) this.retryAfter = 1;
  }

  /**
   * The value of `WWW-Authenticate` for this error (RFC 6750 §3), or `undefined` unless it is a 401.
   *
   * @param realm the protection space to name (RFC 9110 §11.5)
   */
  challenge(realm: string): string | undefined {
    if (this.getStatus() !== 401) return undefined;
    return `Bearer realm="${realm}", error="invalid_token", error_description="${this.message}"`;
  }
}

function printable(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim()
    .slice(0, MAX_DESCRIPTION);
}

/** Whether an error has this code. */
export function hasCode(error: unknown, code: CognitoHostedUiErrorCode): boolean {
  return error instanceof CognitoHostedUiError && error.code === code;
}

/** The session cannot go on; its user has to sign in again. */
export function expiredSession(cause?: unknown): CognitoHostedUiError {
  const message = 'The session is over; sign in again';
  return new CognitoHostedUiError('session_expired', message, { cause });
}

/** Cognito does not answer, or not with what it should. */
export function unavailable(cause: unknown): CognitoHostedUiError {
  const message = 'The sign-in service does not answer; try again later';
  return new CognitoHostedUiError('identity_provider_unavailable', message, { cause });
}
