import { CognitoAuthOptionsError } from '../index.js';
import type { TokenExtractor, VerifyRules } from '../index.js';

/** How sockets are authenticated; the rules are asked of every one of them. */
export interface CognitoWsOptions extends VerifyRules {
  /**
   * Where the handshake has its token; several are tried in order.
   *
   * Default: `fromHandshakeAuth('token')`, then the option `tokenFrom` of the module.
   */
  tokenFrom?: TokenExtractor | readonly TokenExtractor[];

  /**
   * What becomes of a socket whose handshake has no token: `'refuse'` closes it; `'wait'` lets its
   * first message be `authenticateEvent`; `'admit'` lets it in, to the handlers that need no token.
   *
   * Default: `'refuse'`.
   */
  withoutToken?: 'refuse' | 'wait' | 'admit' | undefined;

  /**
   * The message `{ token }` with which a client authenticates, and later replaces its token
   * without connecting again. Of those that arrive while a token is verified only the newest is
   * verified, too; the others are acknowledged with `{ status: 'superseded' }` where the client
   * asks for that.
   *
   * Default: `'authenticate'`.
   */
  authenticateEvent?: string | undefined;

  /**
   * Milliseconds within which the first message has to arrive, with `withoutToken: 'wait'`.
   *
   * Default: 10,000.
   */
  authenticateWithin?: number | undefined;

  /**
   * Milliseconds after which every open socket is verified again, for those that listen only and
   * whose token is revoked.
   *
   * Default: 60,000.
   */
  recheckEvery?: number | undefined;

  /**
   * Whether the token of a socket may be replaced by that of another caller.
   *
   * Default: `false`, because rooms and whatever else is kept for a socket were decided for the
   * first one.
   */
  allowUserChange?: boolean | undefined;
}

export interface ResolvedWsOptions {
  readonly tokenFrom?: readonly TokenExtractor[];
  readonly withoutToken: 'refuse' | 'wait' | 'admit';
  readonly authenticateEvent: string;
  readonly authenticateWithin: number;
  readonly recheckEvery: number;
  readonly allowUserChange: boolean;
  readonly rules: VerifyRules;
}

/** @throws CognitoAuthOptionsError */
export function resolveWsOptions(options: CognitoWsOptions): ResolvedWsOptions {
  const { tokenFrom, ...others } = options;
  const {
    withoutToken = 'refuse',
    authenticateEvent = 'authenticate',
    authenticateWithin = 10_000,
    recheckEvery = 60_000,
    allowUserChange = false,
    ...rules
  } = others;
  const own = { withoutToken, authenticateEvent, authenticateWithin, recheckEvery };
  const problems = problemsOf(own).concat(unknownRulesIn(rules));
  if (Object.hasOwn(options, 'tokenFrom') && tokenFrom === undefined) {
    problems.push(
      '"tokenFrom" is undefined; is there a circular import? To do without it, leave it out.',
    );
  }
  if (problems.length > 0) throw new CognitoAuthOptionsError(problems);
  return { ...own, allowUserChange, rules, ...(tokenFrom && { tokenFrom: [tokenFrom].flat() }) };
}

type Checked = Pick<
  ResolvedWsOptions,
  'withoutToken' | 'authenticateEvent' | 'authenticateWithin' | 'recheckEvery'
>;

/** The longest delay of a timer in Node, about 24.8 days. */
export const LONGEST_DELAY = 2 ** 31 - 1;

function problemsOf({ withoutToken, authenticateEvent, ...delays }: Checked): string[] {
  const problems: string[] = [];
  if (!['refuse', 'wait', 'admit'].includes(withoutToken)) {
    problems.push(
      `"withoutToken" must be "refuse", "wait" or "admit", got ${shown(withoutToken)}.`,
    );
  }
  if (typeof authenticateEvent !== 'string' || authenticateEvent === '') {
    problems.push(`"authenticateEvent" must name an event, got ${shown(authenticateEvent)}.`);
  }
  for (const [name, delay] of Object.entries(delays)) {
    if (Number.isInteger(delay) && delay > 0 && delay <= LONGEST_DELAY) continue;
    problems.push(
      `"${name}" must be whole milliseconds, 1 to ${LONGEST_DELAY}, got ${shown(delay)}.`,
    );
  }
  return problems;
}

const RULES = new Set(['userPools', 'tokenUse', 'principal', 'groups', 'scopes']);

function unknownRulesIn(rules: object): string[] {
  const unknown = Object.keys(rules).filter((name) => !RULES.has(name));
  return unknown.map((name) => `"${name}" is no option of withCognitoAuth().`);
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
