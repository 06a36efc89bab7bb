import { ForbiddenException } from '@nestjs/common';
import type { LoggerService } from '@nestjs/common';
import { Keyv } from 'keyv';
import type { LocalUserPool, LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { locationOf } from './browser.js';
import type { Browser } from './browser.js';
import { startDomain } from './domain.js';
import type { Domain, TokenAnswer } from './domain.js';
import { FailingStore } from './failing.store.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ pool, server } = await startPool());
});

afterAll(() => server.close());
afterEach(() => vi.useRealTimers());

/** Lines of the log with their level: `error login: …`. */
class Lines implements LoggerService {
  readonly all: string[] = [];
  readonly log = () => undefined;
  readonly error = (...words: unknown[]) => this.keep('error', words);
  readonly warn = (...words: unknown[]) => this.keep('warn', words);
  readonly debug = (...words: unknown[]) => this.keep('debug', words);
  readonly verbose = (...words: unknown[]) => this.keep('verbose', words);
  readonly fatal = (...words: unknown[]) => this.keep('fatal', words);

  private keep(level: string, words: unknown[]): void {
    // The last word is the name of the class.
    const texts = words
      .slice(0, -1)
      .map((word) => (typeof word === 'string' ? word : JSON.stringify(word)));
    this.all.push([level, ...texts].join(' '));
  }
}

async function start({ hostedUi, auth }: { hostedUi?: object; auth?: object } = {}) {
  const logger = new Lines();
  const domain = await startDomain(server);
  const hosted = await HostedApp.start('express', server, {
    logger,
    hostedUi: { domain: domain.url, ...hostedUi },
    auth,
  });
  onTestFinished(async () => {
    await hosted.close();
    domain.close();
  });
  const { all: lines } = logger;
  lines.length = 0;
  return { hosted, domain, lines };
}

/** The address that Cognito leads a browser back to, with a good code. */
async function callbackOf(browser: Browser): Promise<URL> {
  const page = await browser.open(`${APP}/auth/login`);
  return locationOf(await browser.submit(page, 'alice', PASSWORD));
}

function tokenFromTheFuture(): string {
  const iat = Math.floor(Date.now() / 1000) + 120;
  return pool.accessToken('alice', { clientId: 'web', claims: { iat } });
}

const fails = (error: Error) => ({
  afterLogin: () => {
    throw error;
  },
});
const answering = (answer: TokenAnswer) => (domain: Domain) => {
  domain.answerTokens = () => answer;
};

interface Failure {
  hostedUi?: object;
  auth?: object;
  disturb?: (domain: Domain) => void;
  line: RegExp;
}

const FAILURES: Record<string, Failure> = {
  'afterLogin fails': {
    hostedUi: fails(new Error('database is down', { cause: new Error('ECONNREFUSED') })),
    line: /^error callback: hook_failed: .*\n?.*database is down[^]*ECONNREFUSED/,
  },
  'afterLogin leads to another site': {
    hostedUi: { afterLogin: () => 'https://elsewhere.example/' },
    line: /^error callback: hook_failed: [^]*must be a path of this site/,
  },
  'afterLogin refuses': {
    hostedUi: fails(new ForbiddenException('No contract')),
    line: /^warn callback: status 403: No contract$/,
  },
  'a hook fails': {
    auth: { groups: { useValue: { groupsOf: () => Promise.reject(new Error('no groups')) } } },
    line: /^error callback: hook_failed: [^]*no groups/,
  },
  'the clock is behind': {
    disturb: (domain) => {
      domain.answerTokens = (tokens) => ({
        body: { ...tokens, access_token: tokenFromTheFuture() },
      });
    },
    line: /^warn callback: token_rejected \(token_not_active\): /,
  },
  'tokens lack the audience': {
    auth: { audience: 'https://api.example.com' },
    line: /^warn callback: token_rejected \(wrong_audience\): /,
  },
  'Cognito cannot be reached': {
    disturb: (domain) => {
      domain.isDown = true;
    },
    line: /^error callback: identity_provider_unavailable: [^]*(ECONNRESET|socket|closed)/,
  },
  'a firewall answers': {
    disturb: answering({ status: 403, type: 'text/html', body: 'blocked' }),
    line: /^error callback: identity_provider_unavailable: /,
  },
  'Cognito refuses the code': {
    disturb: answering({
      status: 400,
      body: { error: 'invalid_grant', error_description: 'Code\nhas\tbeen used' },
    }),
    line: /^warn callback: code_rejected \(invalid_grant: Code has been used\): /,
  },
};

describe('The log', () => {
  it.each(Object.entries(FAILURES))(
    'says why a sign-in fails when %s',
    async (_name, { hostedUi, auth, disturb, line }) => {
      const { hosted, domain, lines } = await start({ hostedUi, auth });
      const browser = hosted.browser();
      const callback = await callbackOf(browser);
      disturb?.(domain);
      expect((await browser.open(callback)).status).toBeGreaterThanOrEqual(400);
      expect(lines).toContainEqual(expect.stringMatching(line));

      const secrets = [...callback.searchParams.values(), ...browser.cookiesOf(APP).values()];
      for (const secret of [...secrets, 'eyJ']) expect(lines.join('\n')).not.toContain(secret);
    },
  );

  it.each([
    ['PreSignUp failed with error This company has no contract.', 'This company has no contract.'],
    ['two\r\nlines\u2028of \u001b[31mred', 'two lines of [31mred'],
    ['x'.repeat(5_000), `${'x'.repeat(300)})`],
  ])('repeats the words of Cognito: %j', async (description, shown) => {
    const { hosted, lines } = await start();
    const browser = hosted.browser();
    const begun = locationOf(await browser.navigate(`${APP}/auth/login`));
    const query = new URLSearchParams({
      error: 'invalid_request',
      error_description: description,
      state: begun.searchParams.get('state') ?? '',
    });
    const { body } = await browser.open(`${APP}/auth/callback?${query.toString()}`);
    expect(body).toContain('login_failed');
    expect(body).not.toContain('contract');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('warn callback: login_failed (invalid_request: ');
    expect(lines[0]).toContain(shown);
    expect(lines[0]).toMatch(/^\P{C}+$/u);
  });

  it.each(['unknown_error', 'two\nlines', '<b>'])(
    'does not repeat the unknown error %j of the token endpoint',
    async (error) => {
      const { hosted, domain, lines } = await start();
      const browser = hosted.browser();
      const callback = await callbackOf(browser);
      answering({ status: 400, body: { error } })(domain);
      expect((await browser.call(callback)).status).toBe(400);
      expect(lines.join('\n')).toContain('Cognito refuses the app client: an unknown error');
      expect(lines.join('\n')).not.toContain(error);
    },
  );

  it('does not repeat words that come with no sign-in', async () => {
    const { hosted, lines } = await start();
    await hosted.browser().open(`${APP}/auth/callback?error=x&error_description=planted&state=x`);
    expect(lines).toEqual([expect.stringMatching(/^warn callback: invalid_state: /)]);
    expect(lines.join()).not.toContain('planted');
  });

  it('says that a session cannot be refreshed, whichever route asks', async () => {
    const { hosted, domain, lines } = await start();
    const browser = await hosted.signedIn();
    lines.length = 0;
    domain.isDown = true;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_599_000 });
    expect((await browser.call(`${APP}/orders`)).status).toBe(503);
    expect(lines).toEqual([
      expect.stringMatching(/^error session: identity_provider_unavailable: /),
    ]);
  });

  it('says that the session store fails', async () => {
    const store = new FailingStore();
    const { hosted, lines } = await start({ hostedUi: { store } });
    const browser = await hosted.signedIn();
    lines.length = 0;
    store.callsLeft = 0;
    expect((await browser.call(`${APP}/orders`)).status).toBe(503);
    expect(lines).toEqual([expect.stringMatching(/^error session: store_unavailable: [^]*Error/)]);
  });

  it('has no request that hangs on an error of a client or a store', async () => {
    const failing = (request: string) =>
      Object.assign(new Error('no answer'), { config: { data: request } });
    const fetch = (url: string, init?: RequestInit) => {
      const isToken = url.endsWith('/oauth2/token');
      return isToken ? Promise.reject(failing(init?.body as string)) : globalThis.fetch(url, init);
    };
    const { hosted, lines } = await start({ hostedUi: { fetch } });
    const browser = hosted.browser();
    const callback = await callbackOf(browser);
    expect((await browser.call(callback)).status).toBe(503);

    const store = new Keyv();
    const read = store.getMany.bind(store);
    store.getMany = (keys: string[]) =>
      keys.some((key) => key.includes(':login:'))
        ? Promise.reject(failing(keys.join()))
        : read(keys);
    const stored = await start({ hostedUi: { store } });
    const other = stored.hosted.browser();
    const state = await callbackOf(other);
    expect((await other.call(state)).status).toBe(503);

    const log = [...lines, ...stored.lines].join('\n');
    expect(log.match(/no answer/g)?.length).toBeGreaterThanOrEqual(2);
    const secrets = [...callback.searchParams.values(), ...state.searchParams.values()];
    for (const secret of [...secrets, 'code_verifier', 'config']) expect(log).not.toContain(secret);
  });

  it('is not filled by strangers', async () => {
    const { hosted, lines } = await start();
    const browser = hosted.browser();
    for (let count = 0; count < 30; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await browser.call(`${APP}/auth/callback?state=${count}`);
    }
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toContain('more of these are not written down for a minute');
    await browser.call(`${APP}/auth/session`);
    await browser.call(`${APP}/auth/login?returnTo=//evil.example`);
    expect(lines).toHaveLength(10);
  });
});
