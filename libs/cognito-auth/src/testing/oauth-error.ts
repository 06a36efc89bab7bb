import { type Answer, jsonAnswer } from './endpoint.js';

/** The codes of RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1 and OpenID Connect. */
type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_token'
  | 'login_required'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_token_type'
  // Cognito's own.
  | 'redirect_mismatch';

/**
 * A refusal of an endpoint. Its message is for the developer and repeats no secret; RFC 6749 §5.2
 * allows no double quotes in it where a program is told.
 */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';

  constructor(
    readonly code: OAuthErrorCode,
    description: string,
    // Cognito's token endpoint answers 400 to all of them, failed client authentication included.
    readonly status = 400,
  ) {
    super(description);
  }
}

/** What a request is answered with, or how the OAuthError is told that came instead. */
export async function answerOr(
  refusal: (error: OAuthError) => Answer,
  answer: () => Answer | Promise<Answer>,
): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof OAuthError) return refusal(error);
    throw error;
  }
}

/** Tells an error as the endpoints do that programs call. */
export function jsonRefusal({ code, message, status }: OAuthError): Answer {
  return jsonAnswer({ error: code, error_description: message }, status);
}
