/** The codes of RFC 6749 §5.2. */
type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type';

/** A refusal of the token endpoint. Its message is for the developer and repeats no secret. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';

  constructor(
    readonly code: OAuthErrorCode,
    description: string,
    // Cognito answers 400 to all of them, failed client authentication included.
    readonly status = 400,
  ) {
    super(description);
  }
}
