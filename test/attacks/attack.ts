import type { CognitoAuthErrorCode, CognitoAuthOptions } from 'nestjs-cognito-auth';
import type { AttackKit } from './attack-kit.js';
import type { WireRequest } from './raw-http.js';

/** One thing that somebody sends, and the answers that are right. */
export interface Attack {
  /** Unique in the suite. */
  readonly id: string;
  /** What is sent, as it stands after "answers … to". */
  readonly title: string;
  /** A token, sent as `carrier` says, or a whole request. */
  readonly make: (kit: AttackKit) => string | WireRequest;
  /** The right answer, or all answers that are safe where the standards leave a choice. */
  readonly expect: Outcome | readonly Outcome[];
  /** Default: `/any`, which admits every valid access token. */
  readonly route?: string;
  /** Default: `bearer`. A JSON body brings to the verifier what no header could carry. */
  readonly carrier?: Carrier;
  /** Beside the usual options of the module. */
  readonly options?: CognitoAuthOptions;
  /** Bytes of headers that the server reads. Default: what Node says, 16 KB. */
  readonly maxHeaderSize?: number;
}

export type Carrier = 'bearer' | 'body';

/** One right answer. */
export interface Outcome {
  readonly status: number;
  readonly code?: CognitoAuthErrorCode;
  /** What `WWW-Authenticate` looks like; `null` when there must be none. */
  readonly challenge: RegExp | null;
  /** How often the key set is fetched for it. */
  readonly fetches: Fetches;
  /** What the handler gets to see of the principal. */
  readonly principal?: object;
  /** Whether the HTTP server of Node refuses it, before any framework sees a request. */
  readonly byNode?: boolean;
}

interface Fetches {
  readonly cached: number;
  readonly uncached: number;
}

/** How far a token gets: no key is looked up; its key is; its key is not among those at hand. */
export type Lookup = 'none' | 'key' | 'search';

const FETCHES: Record<Lookup, Fetches> = {
  none: { cached: 0, uncached: 0 },
  key: { cached: 0, uncached: 1 },
  search: { cached: 1, uncached: 1 },
};

const BEARER = 'Bearer realm="api"';
// RFC 6750 §3: the characters of an error_description.
const DESCRIPTION = String.raw`error_description="[\x20\x21\x23-\x5b\x5d-\x7e]+"`;

function challengeOf(error: string, scope = ''): RegExp {
  return new RegExp(`^${BEARER}, error="${error}", ${DESCRIPTION}${scope}$`);
}

const INVALID_TOKEN = challengeOf('invalid_token');
const BARE = new RegExp(`^${BEARER}$`);

const REFUSALS = {
  missing_token: [401, BARE, 'none'],
  malformed_request: [400, challengeOf('invalid_request'), 'none'],
  malformed_token: [401, INVALID_TOKEN, 'none'],
  wrong_issuer: [401, INVALID_TOKEN, 'none'],
  unknown_key: [401, INVALID_TOKEN, 'search'],
  invalid_signature: [401, INVALID_TOKEN, 'key'],
  token_expired: [401, INVALID_TOKEN, 'key'],
  token_not_active: [401, INVALID_TOKEN, 'key'],
  wrong_client: [401, INVALID_TOKEN, 'key'],
  wrong_token_use: [401, INVALID_TOKEN, 'key'],
  wrong_audience: [401, INVALID_TOKEN, 'key'],
  insufficient_scope: [403, challengeOf('insufficient_scope', ', scope="orders/read"'), 'key'],
  insufficient_group: [403, BARE, 'key'],
  wrong_principal: [403, BARE, 'key'],
} as const satisfies Partial<Record<CognitoAuthErrorCode, readonly [number, RegExp, Lookup]>>;

/** The refusal with this code, as the table of answers in the README has it. */
export function refused(code: keyof typeof REFUSALS, lookup?: Lookup): Outcome {
  const [status, challenge, usualLookup] = REFUSALS[code];
  return { status, code, challenge, fetches: FETCHES[lookup ?? usualLookup] };
}

/** The handler runs, and sees this of the principal. */
export function accepted(principal?: object, lookup: Lookup = 'key'): Outcome {
  return { status: 200, challenge: null, fetches: FETCHES[lookup], principal };
}

/** The HTTP server refuses the bytes before the application gets a request. */
export function refusedByNode(status: number): Outcome {
  return { status, challenge: null, fetches: FETCHES.none, byNode: true };
}

/** The connection ends without an answer. */
export const dropped: Outcome = { ...refusedByNode(0) };

/** All outcomes of an attack that are right. */
export function outcomesOf({ expect }: Attack): readonly Outcome[] {
  return 'status' in expect ? [expect] : expect;
}

/** An attack whose id is its place in a table. */
export type Unnumbered = Omit<Attack, 'id'>;

/** Gives attacks their ids: the name of their table and a number. */
export function numbered(table: string, attacks: readonly Unnumbered[]): Attack[] {
  return attacks.map((attack, index) => Object.assign({ id: `${table}-${index}` }, attack));
}
