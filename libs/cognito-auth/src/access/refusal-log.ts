import { Logger } from '@nestjs/common';
import type { CognitoAuthError, CognitoAuthErrorCode } from '../cognito-auth.errors.js';
import type { ResolvedOptions, ResolvedUserPool } from '../cognito-auth.resolved-options.js';
import { FaultLog } from '../faults/fault-log.js';
import { withoutTokens } from '../faults/fault-text.js';
import type { CognitoPrincipal } from '../token/principal.js';

/** Refusals among which one code is looked for. */
const WINDOW = 100;
/** The fewest of them that say anything. */
const FEWEST = 20;
/** How many of them make nearly all. */
const NEARLY_ALL = 0.95;
/** What clients of a sound API are told every day: only a whole window of it says anything. */
const USUAL: ReadonlySet<CognitoAuthErrorCode> = new Set(['missing_token', 'token_expired']);

const SECOND = 1_000;
const MINUTE = 60_000;
/** Anybody can cause these: lines in a second for tokens that nobody has signed. */
const MOST_LINES = 50;

/**
 * Logs the refusals of one registration of the module.
 *
 * A line has what a verified token says, or else nothing of the token at all: which check failed,
 * and what this API expects.
 */
export class RefusalLog {
  // What operators know as the place of refusals, whatever transport they are of.
  private readonly logger = new Logger('CognitoGuard');
  private readonly faults = new FaultLog(this.logger);
  private readonly expectations = new Map<CognitoAuthErrorCode, string | undefined>();

  private readonly counts = new Map<CognitoAuthErrorCode, number>();
  private total = 0;
  private warnedAt = -Infinity;
  private second = 0;
  private lines = 0;

  constructor(private readonly options: ResolvedOptions) {}

  /**
   * @param principal whom a verified token speaks for
   * @param token what the refusal may quote, to keep it out of the log
   */
  note(error: CognitoAuthError, principal?: CognitoPrincipal, token?: string | null): void {
    const now = performance.now();
    if (error.code === 'hook_failed') return this.noteFault(error, principal, token);
    if (error.getStatus() < 500) this.count(error.code, now);
    if (principal || this.hasRoom(now)) this.logger.debug(this.lineOf(error, principal, token));
  }

  private noteFault(
    { code, hook, cause }: CognitoAuthError,
    principal?: CognitoPrincipal,
    token?: string | null,
  ): void {
    const line = { message: 'Refused', code, hook, ...idsOf(principal) };
    this.faults.error(`Refused with ${code} of ${hook ?? 'a hook'}`, line, cause, [token]);
  }

  private lineOf(error: CognitoAuthError, principal?: CognitoPrincipal, token?: string | null) {
    const { code, message } = error;
    const line = { message: 'Refused', code, ...idsOf(principal) };
    if (error.getStatus() === 403) return line;
    const expects = this.expectationOf(code);
    return { ...line, reason: withoutTokens(message, [token]), ...(expects && { expects }) };
  }

  private count(code: CognitoAuthErrorCode, now: number): void {
    const count = (this.counts.get(code) ?? 0) + 1;
    this.counts.set(code, count);
    this.total += 1;
    const fewest = USUAL.has(code) ? WINDOW : FEWEST;
    const isNearlyAll = this.total >= fewest && count >= NEARLY_ALL * this.total;
    if (isNearlyAll && now - this.warnedAt >= MINUTE) {
      this.warnedAt = now;
      this.warn(code, count);
    }
    if (this.total < WINDOW) return;
    this.total = 0;
    this.counts.clear();
  }

  private warn(code: CognitoAuthErrorCode, count: number): void {
    const expects = this.expectationOf(code);
    const hint = expects ? `this API expects ${expects}` : 'each is logged at the level "debug"';
    this.logger.warn(`${count} of the last ${this.total} refusals are ${code}; ${hint}`);
  }

  private hasRoom(now: number): boolean {
    const second = Math.floor(now / SECOND);
    if (second !== this.second) {
      this.second = second;
      this.lines = 0;
    }
    this.lines += 1;
    return this.lines <= MOST_LINES;
  }

  private expectationOf(code: CognitoAuthErrorCode): string | undefined {
    if (!this.expectations.has(code)) {
      this.expectations.set(code, expectationIn(code, this.options.userPools));
    }
    return this.expectations.get(code);
  }
}

function idsOf(principal?: CognitoPrincipal): object {
  if (!principal) return {};
  const { jti, sub, userPool } = principal;
  return { jti, sub, userPool };
}

type Expectation = [what: string, valuesOf: (pool: ResolvedUserPool) => Iterable<string>];

/** What is configured, for the codes that mostly mean that it should be something else. */
const EXPECTATIONS: Partial<Record<CognitoAuthErrorCode, Expectation>> = {
  wrong_issuer: ['the issuer', ({ issuers }) => issuers.keys()],
  unknown_key: [
    'a key of',
    ({ jwks, issuers }) => (jwks ? ['the option "jwks"'] : new Set(issuers.values())),
  ],
  wrong_client: ['the app client', ({ clientIds }) => clientIds ?? ['any']],
  wrong_token_use: ['without @TokenUse() the token use', ({ tokenUse }) => tokenUse],
  wrong_audience: [
    'the audience',
    ({ audiences, audiencesOfClients = [] }) => [
      ...(audiences ?? []),
      ...[...audiencesOfClients].flatMap(([clientId, own]) =>
        [...(own ?? ['none'])].map((audience) => `${inShort(audience)} for ${inShort(clientId)}`),
      ),
    ],
  ],
};

/**
 * A configured value as nobody takes it for a copy from a token: a host and the end of a path, or
 * the ends of an id. Each boot logs them in full.
 */
function inShort(value: string): string {
  const [, scheme, host, path] = /^(https?):\/\/([^/]+)(.*)$/i.exec(value) ?? [];
  if (host !== undefined) return `${host}${path && `/…${path.slice(-4)}`} (${scheme})`;
  return /^[\w+]{8,}$/.test(value) ? `${value.slice(0, 4)}…${value.slice(-3)}` : value;
}

function expectationIn(
  code: CognitoAuthErrorCode,
  userPools: readonly ResolvedUserPool[],
): string | undefined {
  const expectation = EXPECTATIONS[code];
  if (!expectation) return undefined;
  const [what, valuesOf] = expectation;
  const ofPools = userPools.map((pool) => {
    const values = [...valuesOf(pool)].map(inShort).join(' or ') || 'any';
    return userPools.length > 1 ? `${values} (user pool "${pool.name}")` : values;
  });
  return `${what} ${ofPools.join(', ')}`;
}
