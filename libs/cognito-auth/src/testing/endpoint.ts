import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { AuthorizationCodes } from './authorization-codes.js';
import type { BrowserSessions } from './browser-sessions.js';
import type { LocalUserPool } from './local-user-pool.js';
import type { RefreshTokens } from './refresh-tokens.js';

/** What an endpoint serves from. */
export interface EndpointContext {
  readonly pool: LocalUserPool;
  readonly refreshTokens: RefreshTokens;
  readonly codes: AuthorizationCodes;
  readonly browserSessions: BrowserSessions;
  /** The origin of the server, without a slash at its end. */
  readonly url: string;
}

/** One path of the server of a local user pool. */
export interface Endpoint {
  readonly path: string;
  readonly methods: readonly string[];
  /** Whether pages of every origin may call this endpoint. Default: false. */
  readonly isOpenToAllOrigins?: boolean;
  /** Whether its requests are listed only once there are any. Default: false. */
  readonly isListedOnUse?: boolean;
  /** Headers of every answer of this endpoint, refusals included. */
  readonly headers?: OutgoingHttpHeaders;
  /** What the discovery document says because this endpoint exists. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  answer(request: IncomingMessage): Answer | Promise<Answer>;
}

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
}

/** Answers with a JSON document. */
export function jsonAnswer(document: object, status = 200): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8' },
    body: JSON.stringify(document),
  };
}
