import type { ServerResponse } from 'node:http';

/** What can have headers: a response of Node, and what Express makes of it. */
type Response = Pick<ServerResponse, 'getHeader' | 'setHeader' | 'writeHead'>;

/** What Nest's adapters for HTTP servers have in common. */
export interface HttpAdapter {
  getType(): string;
  getInstance(): unknown;
}

interface Fastify {
  hasDecorator(name: string): boolean;
  use(middleware: (request: object, response: Response, next: () => void) => void): unknown;
  addHook(name: 'onRequest', hook: OnRequest): unknown;
}

type OnRequest = (request: { raw: object }, reply: { raw: Response }, done: () => void) => void;

const RESPONSE = Symbol.for('cognito-auth:response');

const prepared = new WeakSet<object>();

/**
 * Lets `responseOf()` find the responses of Fastify, whose requests know nothing of them: Passport
 * gives a strategy the request and nothing else. Call it before there are other middlewares.
 */
export function keepResponses(adapter: HttpAdapter | undefined): void {
  if (adapter?.getType() !== 'fastify') return;
  const fastify = adapter.getInstance() as Fastify;
  if (prepared.has(fastify)) return;
  prepared.add(fastify);
  const keep = (request: object, response: Response, done: () => void): void => {
    Reflect.set(request, RESPONSE, response);
    done();
  };
  // Once there can be middlewares, they run before all hooks that are added later.
  if (fastify.hasDecorator('use')) fastify.use(keep);
  else fastify.addHook('onRequest', ({ raw }, reply, done) => keep(raw, reply.raw, done));
}

/** The response to a request of Express or of Fastify, or to that of Node which either is of. */
function responseOf(request: object): Response | undefined {
  const { res, raw } = request as { res?: Response; raw?: object };
  return res ?? (Reflect.get(raw ?? request, RESPONSE) as Response | undefined);
}

/**
 * Has a refused request answered with a challenge. Whether it is refused is known when its answer is
 * written, and no sooner: the next strategy of Passport may let it in.
 *
 * @param status of the refusal; Nest's Passport module answers 401 whatever it is
 */
export function challengeIfRefused(request: object, challenge: string, status: number): void {
  const response = responseOf(request);
  if (!response) return;
  // oxlint-disable-next-line typescript/unbound-method -- called on the response again
  const writeHead = response.writeHead as (...args: unknown[]) => ServerResponse;
  response.writeHead = (written: unknown, ...args: unknown[]) => {
    if (written === 401 || written === status) addChallenge(response, challenge);
    return writeHead.call(response, written, ...args);
  };
}

/** Beside those of other schemes; the guard, or a later strategy of ours, knows a better one. */
function addChallenge(response: Response, challenge: string): void {
  const others = [response.getHeader(CHALLENGE) ?? []].flat().map(String);
  if (others.some((other) => /^bearer\b/i.test(other))) return;
  response.setHeader(CHALLENGE, others.length > 0 ? [...others, challenge] : challenge);
}

const CHALLENGE = 'WWW-Authenticate';
