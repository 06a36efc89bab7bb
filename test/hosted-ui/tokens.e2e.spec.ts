import { MemoryRevocationStore } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { Keyv } from 'keyv';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { locationOf } from './browser.js';
import type { Browser, Visit } from './browser.js';
import { startDomain } from './domain.js';
import type { Domain, TokenAnswer } from './domain.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

type Tokens = Record<string, unknown>;

let pool: LocalUserPool;
let server: LocalUserPoolServer;
let stranger: LocalUserPool;
let domain: Domain;
let hosted: HostedApp;
const revocation = new MemoryRevocationStore();

beforeAll(async () => {
  ({ pool, server } = await startPool());
  stranger = await LocalUserPool.create({
    issuer: server.issuer,
    userPoolId: pool.userPoolId,
    clients: [{ clientId: 'rotating' }],
    users: [{ username: 'alice', sub: pool.users[0]?.sub }],
  });
  domain = await startDomain(server);
  hosted = await HostedApp.start('express', server, {
    auth: { revocation: { useValue: revocation } },
    hostedUi: { domain: domain.url, clientId: 'rotating', store: new Keyv() },
  });
});

afterAll(async () => {
  await hosted.close();
  domain.close();
  await server.close();
});

beforeEach(() => {
  domain.answerTokens = undefined;
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const nonceIn = ({ id_token }: Tokens) =>
  String(
    (
      JSON.parse(
        Buffer.from(String(id_token).split('.')[1] ?? '', 'base64url').toString(),
      ) as Tokens
    )['nonce'],
  );
const rotating = { clientId: 'rotating' };

const BAD_TOKENS: [string, (tokens: Tokens) => TokenAnswer, number, string][] = [
  [
    'an ID token with another nonce',
    (tokens) =>
      bodyOf(tokens, { id_token: pool.idToken('alice', { ...rotating, nonce: 'other' }) }),
    400,
    'token_rejected',
  ],
  [
    'an ID token without a nonce',
    (tokens) => bodyOf(tokens, { id_token: pool.idToken('alice', rotating) }),
    400,
    'token_rejected',
  ],
  [
    'an ID token that somebody else signed',
    (tokens) =>
      bodyOf(tokens, {
        id_token: stranger.idToken('alice', { ...rotating, nonce: nonceIn(tokens) }),
      }),
    400,
    'token_rejected',
  ],
  [
    'an access token that somebody else signed',
    (tokens) => bodyOf(tokens, { access_token: stranger.accessToken('alice', rotating) }),
    400,
    'token_rejected',
  ],
  [
    'the access token of another user',
    (tokens) => bodyOf(tokens, { access_token: pool.accessToken('bob', rotating) }),
    400,
    'token_rejected',
  ],
  [
    'the access token of another app client',
    (tokens) => bodyOf(tokens, { access_token: pool.accessToken('alice', { clientId: 'web' }) }),
    400,
    'token_rejected',
  ],
  [
    'an ID token for an access token',
    (tokens) => bodyOf(tokens, { access_token: tokens['id_token'] }),
    400,
    'token_rejected',
  ],
  ['no ID token', (tokens) => bodyOf(tokens, { id_token: undefined }), 400, 'token_rejected'],
  ['an error', () => refusalBy('invalid_client'), 400, 'code_rejected'],
  ['an unknown error', () => refusalBy('<b>'), 400, 'code_rejected'],
  ['a failure', () => ({ status: 500, body: '' }), 503, 'identity_provider_unavailable'],
  ['a limit', () => ({ status: 429, body: '' }), 503, 'identity_provider_unavailable'],
  ['a page', () => ({ type: 'text/html', body: '<p>Hello' }), 503, 'identity_provider_unavailable'],
  ['a redirect', () => ({ status: 302, body: '' }), 503, 'identity_provider_unavailable'],
];

describe('A sign-in', () => {
  it.each(BAD_TOKENS)('for which Cognito sends %s is refused', async (_, answer, status, code) => {
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    domain.answerTokens = answer;
    expect(answerOf(await browser.call(callback))).toEqual([status, code]);
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });
});

describe('A refresh', () => {
  it.each<[string, (tokens: Tokens) => TokenAnswer]>([
    ['the tokens of another user', () => bodyOf({}, tokensOf('bob'))],
    ['no ID token', (tokens) => bodyOf(tokens, { id_token: undefined })],
    [
      'a token that somebody else signed',
      (tokens) => bodyOf(tokens, { access_token: stranger.accessToken('alice', rotating) }),
    ],
  ])('that brings %s ends the session', async (_, answer) => {
    const browser = await hosted.signedIn('alice');
    domain.answerTokens = answer;
    expect(await refreshed(browser)).toEqual([401, 'session_expired']);
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });

  it('that is refused because of the app client keeps the session', async () => {
    const browser = await hosted.signedIn('alice');
    domain.answerTokens = () => refusalBy('invalid_client');
    expect(await refreshed(browser)).toEqual([503, 'identity_provider_unavailable']);
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
  });

  it('keeps the new tokens when they cannot be verified just now', async () => {
    const browser = await hosted.signedIn('alice');
    const failure = vi.spyOn(revocation, 'isRevoked').mockRejectedValue(new Error('down'));
    expect(await refreshed(browser)).toEqual([503, 'hook_failed']);
    failure.mockRestore();
    expect(await refreshed(browser)).toEqual([200, undefined]);
  });

  it('that is under way when the user signs out brings nothing back', async () => {
    const browser = await hosted.signedIn('alice');
    const copy = hosted.browser();
    for (const [name, value] of browser.cookiesOf(APP)) copy.cookiesOf(APP).set(name, value);
    const [, signedOut] = await Promise.all([
      refreshed(browser),
      copy.navigate(`${APP}/auth/logout`),
    ]);
    expect(signedOut.status).toBe(302);
    expect(answerOf(await browser.call(`${APP}/orders`))).toEqual([401, 'missing_token']);
  });
});

describe('Signing out', () => {
  it('works while Cognito is down', async () => {
    const browser = await hosted.signedIn('alice');
    domain.isDown = true;
    const visit = await browser.navigate(`${APP}/auth/logout`);
    domain.isDown = false;
    expect(visit.status).toBe(302);
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });
});

function tokensOf(username: string): Tokens {
  return {
    access_token: pool.accessToken(username, rotating),
    id_token: pool.idToken(username, rotating),
    token_type: 'Bearer',
    expires_in: 3600,
  };
}

function bodyOf(tokens: Tokens, changes: Tokens): TokenAnswer {
  return { body: { ...tokens, ...changes } };
}

function refusalBy(error: string): TokenAnswer {
  return { status: 400, body: { error } };
}

async function refreshed(browser: Browser) {
  return answerOf(await browser.call(`${APP}/auth/refresh`, { method: 'POST' }));
}

function answerOf({ status, body }: Visit) {
  return [status, (JSON.parse(body) as { code?: string }).code];
}
