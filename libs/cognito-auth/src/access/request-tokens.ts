import type { CognitoAuthError } from '../cognito-auth.errors.js';
import { asRefusal } from '../strategy/token-verifier.js';
import { scopedAmong } from '../transport/scoped-extractor.js';
import type { ExtractionScope } from '../transport/scoped-extractor.js';
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
  /** Whether a request may have several tokens, of which the user pools of its route choose one. */
  readonly dependOnRoute: boolean;

  private readonly extractors: readonly TokenExtractor[];

  constructor(
    private readonly tokenFrom: readonly TokenExtractor[],
    private readonly connections: ConnectionTokens,
    private readonly signInPages: readonly object[],
  ) {
    this.extractors = uncheckedExtractors(tokenFrom);
    this.dependOnRoute = scopedAmong(tokenFrom).length > 0;
  }

  /**
   * The token of a request, or `null`.
   *
   * @throws CognitoAuthError `malformed_request`
   */
  of(request: object, userPools?: readonly string[]): string | null | Promise<string | null> {
    if (request instanceof SocketMessage) {
      const token = this.connections.of(request.connection);
      if (token !== undefined) return token;
    }
    return extractToken(this.extractors, request, this.scopeOf(userPools));
  }

  /**
   * The token of a handshake, or `null`. One that comes from a session is looked up there again
   * whenever the connection is asked about.
   *
   * @param connections what lasts as long as the connection and gets the token
   */
  async ofHandshake(
    message: SocketMessage,
    connections: readonly object[],
    userPools?: readonly string[],
    tokenFrom: readonly TokenExtractor[] = this.tokenFrom,
  ): Promise<string | null> {
    const scope = { signInPages: this.signInPages, userPools };
    const token = await extractToken(tokenFrom, message, scope);
    const changing = scopedAmong(tokenFrom);
    if (token === null || changing.length === 0) return token;
    const find = () => extractToken(changing, message, scope);
    if (token !== (await find())) return token;
    for (const connection of connections) this.connections.follow(connection, { token, find });
    return token;
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

  private scopeOf(userPools?: readonly string[]): ExtractionScope | undefined {
    return this.dependOnRoute ? { signInPages: this.signInPages, userPools } : undefined;
  }
}
