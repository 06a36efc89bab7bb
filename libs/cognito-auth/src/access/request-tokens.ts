import type { CognitoAuthError } from '../cognito-auth.errors.js';
import { asRefusal } from '../strategy/token-verifier.js';
import { SocketMessage } from '../transport/socket-message.js';
import {
  checkCharacters,
  extractToken,
  missingToken,
  uncheckedExtractors,
} from '../transport/token-extractors.js';
import type { TokenExtractor } from '../transport/token-extractors.js';
import type { ConnectionTokens } from './connection-tokens.js';

/** Where the tokens of requests are found. */
export class RequestTokens {
  private readonly extractors: readonly TokenExtractor[];

  constructor(
    private readonly tokenFrom: readonly TokenExtractor[],
    private readonly connections: ConnectionTokens,
  ) {
    this.extractors = uncheckedExtractors(tokenFrom);
  }

  /**
   * The token of a request, or `null`.
   *
   * @throws CognitoAuthError `malformed_request`
   */
  of(request: object): string | null | Promise<string | null> {
    if (request instanceof SocketMessage) {
      const token = this.connections.of(request.connection);
      if (token !== undefined) return token;
    }
    return extractToken(this.extractors, request);
  }

  /** The refusal of a request in which there is none. */
  missingIn(request: object): CognitoAuthError {
    return missingToken(this.tokenFrom, request);
  }

  /** The refusal of a token: of the request itself, if what it has there cannot be a token. */
  refusalOf(error: unknown, request: object, token: string): CognitoAuthError {
    const refusal = asRefusal(error);
    if (refusal.code !== 'malformed_token') return refusal;
    try {
      checkCharacters(this.tokenFrom, request, token);
    } catch (malformedRequest) {
      return asRefusal(malformedRequest);
    }
    return refusal;
  }
}
