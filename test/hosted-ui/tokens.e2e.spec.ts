import { MemoryRevocationStore } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { IdTokenOptions, LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { Keyv } from 'keyv';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
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
  [
    'an error with a challenge',
    () => ({ ...refusalBy('invalid_client'), status: 401, challenge: 'Basic realm="x"' }),
    400,
    'code_rejected',
  ],
  [
    'the challenge of a proxy',
    () => ({ status: 407, challenge: 'Basic realm="x"', body: '' }),
    503,
    'identity_provider_unavailable',
  ],
  ['a failure', () => ({ status: 500, body: '' }), 503, 'identity_provider_unavailable'],
  ['a limit', () => ({ status: 429, body: '' }), 503, 'identity_provider_unavailable'],
  ['a page', () => ({ type: 'text/html', body: '<p>Hello' }), 503, 'identity_provider_unavailable'],
  ['a redirect', () => ({ status: 302, body: '' }), 503, 'identity_provider_unavailable'],
  [
    'half a document',
    () => ({ body: '{"access_token":"ey' }),
    503,
    'identity_provider_unavailable',
  ],
  ['nothing', () => ({ status: 204, body: '' }), 503, 'identity_provider_unavailable'],
  [
    'a document without end',
    (tokens) => bodyOf(tokens, { padding: 'x'.repeat(300_000) }),
    503,
    'identity_provider_unavailable',
  ],
  ['an empty document', () => ({ body: {} }), 400, 'token_rejected'],
  ['no document but a list', () => ({ body: '[]' }), 400, 'token_rejected'],
  [
    'an ID token that nobody signed',
    (tokens) => bodyOf(tokens, { id_token: unsigned(tokens['id_token']) }),
    400,
    'token_rejected',
  ],
  [
    'an access token that nobody signed',
    (tokens) => bodyOf(tokens, { access_token: unsigned(tokens['access_token']) }),
    400,
    'token_rejected',
  ],
  [
    'an ID token that has expired',
    (tokens) => bodyOf(tokens, { id_token: idTokenFor(tokens, { expiresIn: -1 }) }),
    400,
    'token_rejected',
  ],
  [
    'an access token that has expired',
    (tokens) =>
      bodyOf(tokens, { access_token: pool.accessToken('alice', { ...rotating, expiresIn: -1 }) }),
    400,
    'token_rejected',
  ],
  [
    'an ID token of another user',
    (tokens) =>
      bodyOf(tokens, { id_token: pool.idToken('bob', { ...rotating, nonce: nonceIn(tokens) }) }),
    400,
    'token_rejected',
  ],
  [
    'an ID token for another app client',
    (tokens) => bodyOf(tokens, { id_token: idTokenFor(tokens, { clientId: 'web' }) }),
    400,
    'token_rejected',
  ],
  [
    'an ID token of another user pool',
    (tokens) =>
      bodyOf(tokens, {
        id_token: idTokenFor(tokens, { claims: { iss: 'https://issuer.example/other' } }),
      }),
    400,
    'token_rejected',
  ],
  [
    'an ID token with a nonce that is a list',
    (tokens) =>
      bodyOf(tokens, { id_token: idTokenFor(tokens, { claims: { nonce: [nonceIn(tokens)] } }) }),
    400,
    'token_rejected',
  ],
  [
    'the access token of a machine',
    (tokens) => bodyOf(tokens, { access_token: machineToken() }),
    400,
    'token_rejected',
  ],
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

describe('A sign-in', () => {
  it('does without the lifetime of the access token', async () => {
    domain.answerTokens = (tokens) => bodyOf(tokens, { expires_in: undefined });
    const browser = await hosted.signedIn('alice');
    const before = domain.refreshes;
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    expect(domain.refreshes).toBe(before);
  });

  it('lasts as long as its tokens where Cognito sends none to renew them', async () => {
    domain.answerTokens = (tokens) => bodyOf(tokens, { refresh_token: undefined });
    const browser = await hosted.signedIn('alice');
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    expect(await refreshed(browser)).toEqual([401, 'session_expired']);
    expect(answerOf(await browser.call(`${APP}/orders`))).toEqual([401, 'missing_token']);
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });

  it('works with an answer that says more than it must', async () => {
    domain.answerTokens = (tokens) =>
      bodyOf(tokens, { scope: 'openid', x: { y: [] }, ['__proto__']: { isAdmin: true } });
    const browser = await hosted.signedIn('alice');
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
  });
});

describe('An access token that has to be bound to this API', () => {
  const audience = 'https://api.example.com';

  it('is what the user gets when the sign-in names the API', async () => {
    const app = await HostedApp.start('express', server, {
      auth: { audience },
      hostedUi: { resource: audience },
    });
    onTestFinished(() => app.close());
    const browser = await app.signedIn('alice');
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
  });

  it('is not what the user gets otherwise, which refuses the sign-in', async () => {
    const app = await HostedApp.start('express', server, { auth: { audience } });
    onTestFinished(() => app.close());
    const browser = app.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    expect(answerOf(await browser.call(callback))).toEqual([400, 'token_rejected']);
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

  it.each<[string, () => TokenAnswer]>([
    ['half a document', () => ({ body: '{"access_token":"ey' })],
    ['a page', () => ({ type: 'text/html', body: '<p>Hello' })],
    ['a failure', () => ({ status: 502, body: '' })],
    ['a document without end', () => ({ body: 'x'.repeat(300_000) })],
    ['the challenge of a proxy', () => ({ status: 401, challenge: 'Basic realm="x"', body: '' })],
    [
      'a refusal with a challenge',
      () => ({ ...refusalBy('invalid_client'), status: 401, challenge: 'Basic realm="x"' }),
    ],
    ['an empty document', () => ({ body: {} })],
    ['the document of somebody else', () => ({ body: { status: 'ok', data: [] } })],
    ['no document but a list', () => ({ body: '[]' })],
    ['no document but null', () => ({ body: 'null' })],
    ['a refusal of something before it', () => ({ status: 403, body: { message: 'Forbidden' } })],
    ['an unknown refusal', () => refusalBy('try_again')],
  ])('that brings %s keeps the session', async (_, answer) => {
    const browser = await hosted.signedIn('alice');
    const before = [...browser.cookiesOf(APP)];
    domain.answerTokens = answer;
    expect(await refreshed(browser)).toEqual([503, 'identity_provider_unavailable']);
    expect([...browser.cookiesOf(APP)]).toEqual(before);
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
  });

  it('keeps the refresh token unless a new one comes', async () => {
    const browser = await hosted.signedIn('alice');
    const sent: unknown[] = [];
    domain.answerTokens = (tokens) => {
      sent.push(tokens['refresh_token']);
      return { body: tokens };
    };
    for (let round = 0; round < 3; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await refreshed(browser)).toEqual([200, undefined]);
    }
    // Each was taken by Cognito, which has made three.
    expect(new Set(sent).size).toBe(3);
  });

  it('brings what signing out revokes, where only the token itself can be', async () => {
    const own = await HostedApp.start('express', server, {
      auth: { revocation: { useValue: revocation } },
      hostedUi: { domain: domain.url, clientId: 'rotating' },
    });
    onTestFinished(() => own.close());
    const withoutOrigin = { ...rotating, claims: { origin_jti: undefined } };
    domain.answerTokens = (tokens) =>
      bodyOf(tokens, { access_token: pool.accessToken('alice', withoutOrigin) });
    const browser = await own.signedIn('alice');
    let newest = '';
    domain.answerTokens = (tokens) => {
      newest = pool.accessToken('alice', withoutOrigin);
      return bodyOf(tokens, { access_token: newest });
    };
    expect(await refreshed(browser)).toEqual([200, undefined]);
    const api = { headers: { authorization: `Bearer ${newest}` } };
    expect((await own.browser().call(`${APP}/orders`, api)).status).toBe(200);
    await browser.navigate(`${APP}/auth/logout`);
    expect(answerOf(await own.browser().call(`${APP}/orders`, api))).toEqual([
      401,
      'token_revoked',
    ]);
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

/** The ID token of a sign-in, but for some of it. */
function idTokenFor(tokens: Tokens, changes: IdTokenOptions): string {
  return pool.idToken('alice', { ...rotating, nonce: nonceIn(tokens), ...changes });
}

function machineToken(): string {
  return pool.accessToken('alice', { ...rotating, claims: { username: undefined } });
}

function unsigned(token: unknown): string {
  const [, claims = ''] = String(token).split('.');
  const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  return `${header}.${claims}.`;
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
