import { inspect } from 'node:util';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { tap } from 'rxjs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { locationOf } from './browser.js';
import type { Visit } from './browser.js';
import { startDomain } from './domain.js';
import type { Domain, TokenAnswer } from './domain.js';
import { APP, HostedApp, PASSWORD, SECRET, startPool } from './hosted-app.js';

type Tokens = Record<string, unknown>;

let server: LocalUserPoolServer;
let domain: Domain;
let hosted: HostedApp;
/** What the application writes down: its log, and every error with all that hangs on it. */
let written: string[];
/** What nobody but Cognito, the browser and the application may know. */
let secrets: string[];

const write = (...items: unknown[]) => void written.push(inspect(items, { depth: Infinity }));
const logger = {
  log: write,
  error: write,
  warn: write,
  debug: write,
  verbose: write,
  fatal: write,
};

beforeAll(async () => {
  ({ server } = await startPool());
  domain = await startDomain(server);
  written = [];
  hosted = await HostedApp.start('express', server, {
    hostedUi: { domain: domain.url, clientId: 'confidential', clientSecret: 'wr1ttenAnd+signed' },
    logger,
    configure: (app) =>
      app.useGlobalInterceptors({
        intercept: (_context, next) => next.handle().pipe(tap({ error: write })),
      }),
  });
});

afterAll(async () => {
  await hosted.close();
  domain.close();
  await server.close();
});

beforeEach(() => {
  written = [];
  secrets = [SECRET, 'wr1ttenAnd+signed', PASSWORD];
});

const ANSWERS: [string, (tokens: Tokens) => TokenAnswer][] = [
  ['what it should', (body) => ({ body })],
  ['an access token that is none', (tokens) => ({ body: { ...tokens, access_token: 1 } })],
  ['an ID token that is none', (tokens) => ({ body: { ...tokens, id_token: ['x'] } })],
  ['a broken ID token', (tokens) => ({ body: { ...tokens, id_token: 'eyJ.x.y' } })],
  ['tokens of another type', (tokens) => ({ body: { ...tokens, token_type: 'dpop' } })],
  ['another lifetime', (tokens) => ({ body: { ...tokens, expires_in: 'long' } })],
  ['no ID token', (tokens) => ({ body: { ...tokens, id_token: undefined } })],
  [
    'twice the access token',
    (tokens) => ({ body: { ...tokens, id_token: tokens['access_token'] } }),
  ],
  [
    'the ID token as access token',
    (tokens) => ({ body: { ...tokens, access_token: tokens['id_token'] } }),
  ],
  [
    'tokens with an error',
    (tokens) => ({ status: 400, body: { error: 'invalid_grant', ...tokens } }),
  ],
  ['tokens with an unknown error', (tokens) => ({ status: 400, body: { error: 'x', ...tokens } })],
  ['tokens with a status that is odd', (tokens) => ({ status: 418, body: tokens })],
  ['tokens as text', (tokens) => ({ type: 'text/plain', body: tokens })],
  ['tokens in a list', (tokens) => ({ body: JSON.stringify([tokens]) })],
];

describe.each(ANSWERS)('When Cognito answers with %s', (_, answer) => {
  it('no secret is written down, nor sent to the browser in clear', async () => {
    domain.answerTokens = (tokens) => {
      secrets.push(...Object.values(tokens).filter(isLong));
      return answer(tokens);
    };
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    secrets.push(...[...callback.searchParams.values()].filter(isLong));
    const visits = [await browser.navigate(callback), await browser.navigate(callback)];

    domain.answerTokens = undefined;
    await hosted.signedIn('alice', browser);
    domain.answerTokens = (tokens) => {
      secrets.push(...Object.values(tokens).filter(isLong));
      return answer(tokens);
    };
    for (const path of ['refresh', 'logout']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      visits.push(await browser.call(`${APP}/auth/${path}`, { method: 'POST' }));
    }

    expect(secrets.length).toBeGreaterThan(5);
    const sent = visits.map(inClear).join('\n');
    for (const secret of secrets) {
      expect(sent).not.toContain(secret);
      expect(written.join('\n')).not.toContain(secret);
    }
    for (const { headers } of visits) expect(headers.get('cache-control')).toBe('no-store');
  });
});

function isLong(value: unknown): value is string {
  return typeof value === 'string' && value.length > 20;
}

function inClear({ headers, body }: Visit): string {
  return inspect([...headers]) + body;
}
