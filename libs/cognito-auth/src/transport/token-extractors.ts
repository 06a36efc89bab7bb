import { HttpException } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { isInstanceOf } from '../faults/foreign-errors.js';
import { cookieReader } from '../http/cookies.js';
import { RpcCall } from './rpc-call.js';
import { askExtractor, markExtractorFactories } from './scoped-extractor.js';
import type { ExtractionScope } from './scoped-extractor.js';
import { SocketMessage } from './socket-message.js';

/** What an extractor may look at: a request of Express or Fastify, or anything like them. */
export interface TokenCarrier {
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** Names and values in turn, as Node received them. */
  readonly rawHeaders?: readonly string[];
  readonly query?: Readonly<Record<string, unknown>>;
  /** Node's request, where a framework wraps it. */
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

/**
 * Finds the token of a request, or returns `null` when there is none; or promises either.
 *
 * What it gets is the request of Express or Fastify, a `SocketMessage` for what comes over a
 * socket, an `RpcCall` for a microservice. passport-jwt's `ExtractJwt.*` functions are extractors,
 * too. Throw a `CognitoAuthError` `malformed_request` when there is one that cannot be used.
 */
export type TokenExtractor = (
  // oxlint-disable-next-line typescript/no-explicit-any -- every framework has a request of its own
  request: any,
) => string | null | undefined | Promise<string | null | undefined>;

const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/**
 * The same extractor without a look at each character of the token, for whoever verifies it and
 * asks the extractor itself when the token is malformed. No good token has any other character, and
 * to look costs more than to recognize a token.
 */
const UNCHECKED = Symbol('cognito-auth:unchecked');

type UncheckedExtractor = TokenExtractor & { readonly [UNCHECKED]?: TokenExtractor };

/**
 * Takes the token from `Authorization: Bearer <token>` (RFC 6750 §2.1).
 *
 * Strict: exactly one such header with exactly one token; the scheme is case-insensitive. Another
 * scheme counts as no token. A token without a scheme is refused, unless an extractor after this
 * one takes it.
 *
 * @example `tokenFrom: [fromBearerHeader(), fromHeader('authorization')]`, with and without a scheme
 */
export function fromBearerHeader(): TokenExtractor {
  const extract = (request: TokenCarrier): string | null => {
    const token = bearerTokenIn(request);
    if (token !== null && !B64TOKEN.test(token)) throw malformedHeader();
    return token;
  };
  return Object.assign(extract, { [UNCHECKED]: bearerTokenIn });
}

function bearerTokenIn(request: TokenCarrier): string | null {
  const header = soleHeader(request, 'authorization');
  return header ? bearerTokenOf(header) : null;
}

function bearerTokenOf(header: string): string | null {
  const space = header.indexOf(' ');
  const scheme = space === -1 ? header : header.slice(0, space);
  if (scheme.toLowerCase() !== 'bearer') {
    // RFC 9110 §11.4: another scheme has credentials after a space.
    if (space !== -1 && /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(scheme)) return null;
    throw B64TOKEN.test(header) ? tokenWithoutScheme(header) : malformedHeader();
  }
  const token = withoutLeadingSpaces(header, scheme.length);
  if (token === '') throw malformedHeader();
  return token;
}

function withoutLeadingSpaces(text: string, from: number): string {
  let start = from;
  while (text[start] === ' ') start += 1;
  return text.slice(start);
}

/**
 * Takes the token from a header of its own, for example behind a load balancer that signs users in.
 *
 * @param options `prefix` stands before the token and is taken off; without it the whole value is
 * the token
 * @example `fromHeader('x-amzn-oidc-accesstoken')`
 */
export function fromHeader(
  name: string,
  { prefix = '' }: { prefix?: string | undefined } = {},
): TokenExtractor {
  const header = name.toLowerCase();
  return (request: TokenCarrier) => {
    const value = soleHeader(request, header);
    if (!value?.startsWith(prefix)) return null;
    return value.slice(prefix.length) || null;
  };
}

/**
 * Takes the token from a cookie, with or without a cookie parser.
 *
 * Refuses two cookies of that name: a neighbouring subdomain can set one of its own, and which
 * comes first is up to the browser.
 *
 * A browser sends cookies along with requests that other sites make: protect what changes state
 * against cross-site request forgery, at least by `SameSite`.
 */
export function fromCookie(name: string): TokenExtractor {
  const read = cookieReader(name);
  return (request: TokenCarrier) => {
    const cookies = request.headers?.['cookie'];
    if (cookies === undefined) return null;
    const [value, other] = read(typeof cookies === 'string' ? cookies : cookies.join('; '));
    if (other === undefined) return value ?? null;
    throw new CognitoAuthError(
      'malformed_request',
      `The request has more than one cookie ${JSON.stringify(name)}; send one`,
    );
  };
}

/**
 * Takes the token from the query string, for links that cannot send headers.
 *
 * Addresses end up in logs and histories: prefer anything else (RFC 6750 §5.3).
 */
export function fromQuery(name: string): TokenExtractor {
  return ({ query }: TokenCarrier) =>
    query && Object.hasOwn(query, name) ? (query[name] as string) : null;
}

/**
 * Takes the token from what a client sends when it connects: the `auth` of a socket.io client,
 * the `connectionParams` of a GraphQL client.
 *
 * @example `fromHandshakeAuth('token')` for `io(url, { auth: { token } })`
 */
export function fromHandshakeAuth(key: string): TokenExtractor {
  return (message: unknown) => {
    const auth = message instanceof SocketMessage ? message.handshake.auth : undefined;
    return ownMember(auth, key);
  };
}

/**
 * Takes the token from the metadata of a microservice's message (NATS, Kafka, RabbitMQ, MQTT 5,
 * gRPC, a serializer for TCP or Redis), or else from that member of its payload. `Bearer` before
 * the token is taken off. A message that says two different tokens is refused.
 *
 * @example `fromRpcMetadata('token')` for `client.send('orders.list', { token, … })`
 */
export function fromRpcMetadata(key: string): TokenExtractor {
  return (call: unknown) => {
    if (!(call instanceof RpcCall)) return null;
    const [token, other = token] = [soleHeader(call, key.toLowerCase()), ownMember(call.data, key)]
      .filter((found) => found !== null && found !== undefined && found !== '')
      .map(withoutBearer);
    if (token === other) return token;
    throw new CognitoAuthError(
      'malformed_request',
      'The metadata and the payload have different tokens; send one',
    );
  };
}

markExtractorFactories(
  fromBearerHeader,
  fromHeader,
  fromCookie,
  fromQuery,
  fromHandshakeAuth,
  fromRpcMetadata,
);

function withoutBearer<T>(token: T): T | string {
  return typeof token === 'string' ? token.replace(/^bearer +/i, '') : token;
}

/** What is not a string is refused by whoever asked. */
function ownMember(container: unknown, key: string): string | null {
  if (typeof container !== 'object' || container === null) return null;
  return Object.hasOwn(container, key) ? (container as Record<string, string>)[key]! : null;
}

/** The value of a header that may be sent only once: Node keeps just the first of several. */
function soleHeader(request: TokenCarrier, name: string): string | undefined {
  const value = request.headers?.[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || countOf(request, name) > 1) {
    throw new CognitoAuthError(
      'malformed_request',
      `The request has more than one ${name} header; send one`,
    );
  }
  return value;
}

function countOf(request: TokenCarrier, name: string): number {
  const rawHeaders = request.rawHeaders ?? request.raw?.rawHeaders ?? [];
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const candidate = rawHeaders[index];
    if (candidate?.length === name.length && candidate.toLowerCase() === name) count += 1;
  }
  return count;
}

function malformedHeader(): CognitoAuthError {
  return new CognitoAuthError(
    'malformed_request',
    'The authorization header is not "Bearer", a space and one token',
  );
}

/** Refusals of headers that are a token, or may be one, and nothing else: with that header. */
const withoutScheme = new WeakMap<object, string>();

function tokenWithoutScheme(header: string): CognitoAuthError {
  const error = malformedHeader();
  withoutScheme.set(error, header);
  return error;
}

/**
 * The token that the first extractor with an answer finds, or `null`; a promise as soon as one of
 * them answers with a promise.
 *
 * @param scope for extractors that depend on more than the request
 * @throws CognitoAuthError `malformed_request` when there is a token that cannot be read
 */
export function extractToken(
  extractors: readonly TokenExtractor[],
  request: unknown,
  scope?: ExtractionScope,
): string | null | Promise<string | null> {
  for (let index = 0; index < extractors.length; index += 1) {
    let found: unknown;
    try {
      found = askExtractor(extractors[index]!, request, scope);
    } catch (error) {
      return tokenDespite(error, extractors.slice(index + 1), request, scope);
    }
    if (found instanceof Promise) {
      const others = extractors.slice(index + 1);
      return found.then(
        (token) => tokenIn(token) ?? extractToken(others, request, scope),
        (error: unknown) => tokenDespite(error, others, request, scope),
      );
    }
    const token = tokenIn(found);
    if (token) return token;
  }
  return null;
}

/** What other extractors find in a header that one has refused because it is the token itself. */
function tokenDespite(
  refusal: unknown,
  others: readonly TokenExtractor[],
  request: unknown,
  scope?: ExtractionScope,
): string | Promise<string> {
  const header = withoutScheme.get(refusal as object);
  if (header === undefined) throw asMalformed(refusal);
  // Another extractor may take off a prefix.
  const check = (token: string | null) => {
    if (token !== null && header.endsWith(token)) return token;
    throw refusal;
  };
  const found = extractToken(others, request, scope);
  return found instanceof Promise ? found.then(check) : check(found);
}

/**
 * The refusal of a request without a token; one that has a token behind another scheme than
 * `Bearer`, as with passport-jwt's `JWT`, is told which one to write.
 */
export function missingToken(
  extractors: readonly UncheckedExtractor[],
  { headers }: TokenCarrier,
): CognitoAuthError {
  const header = headers?.['authorization'];
  const isOtherScheme = typeof header === 'string' && /^\S+ +[\w-]+\.[\w-]+\.[\w-]+$/.test(header);
  return new CognitoAuthError(
    'missing_token',
    isOtherScheme && extractors.some((extractor) => extractor[UNCHECKED])
      ? 'The token has another scheme; this route needs "Authorization: Bearer", a space and the token'
      : 'The request has no token; this route needs one',
  );
}

/** The same extractors, whose answers `checkCharacters()` is to be asked about when they are malformed. */
export function uncheckedExtractors(extractors: readonly UncheckedExtractor[]): TokenExtractor[] {
  return extractors.map((extractor) => extractor[UNCHECKED] ?? extractor);
}

/**
 * Refuses a request whose malformed token comes from a header that is no bearer credential at all.
 *
 * @throws CognitoAuthError `malformed_request`
 */
export function checkCharacters(
  extractors: readonly UncheckedExtractor[],
  request: unknown,
  token: string,
): void {
  if (B64TOKEN.test(token)) return;
  for (const extractor of extractors) {
    if (extractor[UNCHECKED]?.(request) === token) void extractor(request);
  }
}

function tokenIn(found: unknown): string | null {
  if (found === null || found === undefined || found === '') return null;
  if (typeof found === 'string') return found;
  throw new CognitoAuthError('malformed_request', 'The request has more than one token; send one');
}

function asMalformed(error: unknown): HttpException {
  if (isInstanceOf(error, HttpException)) return error;
  return new CognitoAuthError('malformed_request', 'The token of the request cannot be read', {
    cause: error,
  });
}
