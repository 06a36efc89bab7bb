import { expect } from 'vitest';
import { outcomesOf } from './attack.js';
import type { Attack, Carrier, Outcome } from './attack.js';
import type { AttackKit } from './attack-kit.js';
import { bootAttackedApp } from './attacked-app.js';
import type { AttackedApp, Platform } from './attacked-app.js';
import { CapturedLog } from './captured-log.js';
import { contentsOf, leaksIn, partsOf } from './leaks.js';
import { exchange, get, headerOf, post } from './raw-http.js';
import type { Answer, WireRequest } from './raw-http.js';

/** Where an attack takes place. */
interface Circumstances {
  readonly platform: Platform;
  readonly preload: 'required' | 'lazy';
}

/** One attack under way. */
interface Assault extends Circumstances {
  readonly kit: AttackKit;
  readonly attack: Attack;
  readonly request: WireRequest;
  readonly app: AttackedApp;
  readonly log: CapturedLog;
  /** Fetches of the key set since the application is up. */
  readonly fetches: () => number;
}

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype];
const membersOfPrototypes = () => PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype));
const UNPOLLUTED = membersOfPrototypes();

/** Boots an application, attacks it, and checks the answer and what must hold after any attack. */
export async function assault(
  kit: AttackKit,
  attack: Attack,
  circumstances: Circumstances,
): Promise<void> {
  const sent = attack.make(kit);
  const request = typeof sent === 'string' ? carried(sent, attack.carrier) : sent;
  const log = new CapturedLog();
  const app = await boot(kit, attack, circumstances, log);
  log.clear();
  const fetchesBefore = kit.jwks.requests();
  const fetches = () => kit.jwks.requests() - fetchesBefore;
  const current = { ...circumstances, kit, attack, request, app, log, fetches };
  try {
    const outcome = await strike(current);
    await strikeOtherRoutes(current, outcome);
    await checkItLives(current, outcome);
    checkLog(log, outcome, [...request.tokens, kit.genuineToken()]);
  } finally {
    await app.close();
  }
  expect(kit.canary.requests(), 'requests to an address from a token').toBe(0);
  expect(membersOfPrototypes(), 'the members of built-in prototypes').toEqual(UNPOLLUTED);
}

function boot(
  kit: AttackKit,
  { carrier, maxHeaderSize, options }: Attack,
  { platform, preload }: Circumstances,
  log: CapturedLog,
): Promise<AttackedApp> {
  const tokenFrom = carrier === 'body' ? { tokenFrom: fromBody } : {};
  return bootAttackedApp({
    platform,
    log,
    maxHeaderSize,
    options: { ...kit.options(preload), ...tokenFrom, ...options },
  });
}

/** The attack itself: the right answer, the right number of fetches, and the handler's part. */
async function strike(current: Assault): Promise<Outcome> {
  const { app, attack, fetches, request } = current;
  const answer = await answerTo(current, attack.route ?? '/any');
  const outcome = outcomeOf(answer, current);
  checkAnswer(answer, outcome, request, attack.route === '/orders' ? SCOPE : '');
  expect(fetches(), 'fetches of the key set').toBe(fetchesFor(outcome, current));
  const seen = app.visits.map(({ principal }) => principal);
  const expected = outcome.status === 200 ? [outcome.principal ?? {}] : [];
  expect(seen, 'who the handler saw').toMatchObject(expected);
  return outcome;
}

/** A bad token opens no optional route either, and none matters on a public one. */
async function strikeOtherRoutes(current: Assault, outcome: Outcome): Promise<void> {
  const { attack, request } = current;
  if (attack.route === undefined && outcome.code !== 'missing_token') {
    const answer = await answerTo(current, '/optional');
    expect(answer.status, 'status on an optional route').toBe(outcome.status);
    checkAnswer(answer, outcome, request);
  }
  if (outcome.code === 'missing_token') {
    expect((await answerTo(current, '/optional')).status, 'status of a stranger').toBe(200);
  }
  const answer = await answerTo(current, '/public');
  expect(answer.status, 'status on a public route').toBe(outcome.byNode ? outcome.status : 200);
}

/** The next caller is served, and no fetch was still to come. */
async function checkItLives(current: Assault, { fetches }: Outcome): Promise<void> {
  const { app, attack, kit, preload } = current;
  const request = carried(kit.genuineToken(), attack.carrier);
  const [answer] = await exchange(app.port, request.to('/admin'));
  expect(answer?.status, 'status of a genuine token afterwards').toBe(200);
  const expected = fetches.cached + (preload === 'lazy' ? 1 : 0);
  expect(current.fetches(), 'fetches of the key set in all').toBe(expected);
}

const NO_ANSWER: Answer = { status: 0, headers: [], body: '', text: '' };

async function answerTo({ app, request }: Assault, target: string): Promise<Answer> {
  const { isHead, to } = request;
  const answers = await exchange(app.port, to(target), { isHead });
  expect(answers.length, 'number of answers').toBeLessThanOrEqual(1);
  return answers[0] ?? NO_ANSWER;
}

function outcomeOf(answer: Answer, { attack, request }: Assault): Outcome {
  const code = codeIn(answer.body);
  const fitting = outcomesOf(attack).find(
    (outcome) => outcome.status === answer.status && (request.isHead || outcome.code === code),
  );
  expect(fitting, `a right outcome; the answer was ${answer.text}`).toBeDefined();
  return fitting as Outcome;
}

function codeIn(body: string): unknown {
  return body.startsWith('{') ? (JSON.parse(body) as { code?: unknown }).code : undefined;
}

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
};

/** How a challenge ends where the route asks for a scope. */
const SCOPE = ', scope="orders/read"';

function checkAnswer(
  answer: Answer,
  outcome: Outcome,
  { isHead, tokens }: WireRequest,
  scope = '',
): void {
  const { challenge, code, status } = outcome;
  let challenged = String(headerOf(answer, 'www-authenticate'));
  if (status === 401 && scope !== '') {
    expect(challenged.endsWith(scope), `${scope} at the end of ${challenged}`).toBe(true);
    challenged = challenged.slice(0, -scope.length);
  }
  expect(challenged, 'the challenge').toMatch(challenge ?? /^null$/);
  const secrets = [...partsOf(tokens), ...(status === 403 ? [] : contentsOf(tokens))];
  // The scope that the route asks for is no secret of the token.
  const text = status === 401 ? answer.text.replace(scope, '') : answer.text;
  expect(leaksIn(text, secrets), 'parts of the token in the answer').toEqual([]);
  if (!code || isHead) return;
  const body = { statusCode: status, error: REASONS[status], code, message: expect.any(String) };
  expect(JSON.parse(answer.body), 'the body').toEqual(body);
}

function checkLog(log: CapturedLog, { code, status }: Outcome, tokens: readonly string[]): void {
  // Of a verified token that a route does not admit, `jti` and `sub` are logged.
  const isVerified = status === 403 || code === 'wrong_token_use';
  const secrets = [...partsOf(tokens), ...(isVerified ? [] : contentsOf(tokens))];
  expect(leaksIn(log.text, secrets), 'parts of the token in the log').toEqual([]);
}

function fetchesFor({ fetches }: Outcome, { preload }: Circumstances): number {
  return preload === 'lazy' ? fetches.uncached : fetches.cached;
}

function fromBody({ body }: { body?: { token?: string } }) {
  return body?.token;
}

function carried(token: string, carrier: Carrier = 'bearer'): WireRequest {
  if (carrier === 'bearer') return get([`Authorization: Bearer ${token}`], token);
  return post([], JSON.stringify({ token }), token);
}
