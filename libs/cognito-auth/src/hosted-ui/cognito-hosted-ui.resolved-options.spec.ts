import { Keyv } from 'keyv';
import { describe, expect, it } from 'vitest';
import { CognitoAuthOptionsError } from '../index.js';
import { resolveHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';

const SECRET = 'a secret of the tests that is long enough';
const OTHER_SECRET = 'another secret of the tests that is long enough';
const GIVEN = {
  domain: 'https://example.auth.eu-west-1.amazoncognito.com',
  clientId: '1h57kf5cpq17m0eml12EXAMPLE',
  redirectUri: 'https://app.example.com/auth/callback',
  logoutUri: 'https://app.example.com',
  cookies: { secret: SECRET },
};

function resolved(options: object = {}, path: string | false = 'auth', environment = {}) {
  return resolveHostedUiOptions({ ...GIVEN, ...options }, path, environment);
}

function problemsIn(options: unknown, path: string | false = 'auth', environment = {}) {
  try {
    resolveHostedUiOptions(options, path, environment);
    return [];
  } catch (error) {
    return error instanceof CognitoAuthOptionsError ? error.problems : [String(error)];
  }
}

describe('The options of CognitoHostedUiModule', () => {
  it('stop the boot of that module', () => {
    expect(() => resolved({ timeout: 0 })).toThrow(
      /^CognitoHostedUiModule cannot start, an option is wrong:\n {2}- "timeout" must be/,
    );
  });

  it('have defaults', () => {
    expect(resolved()).toEqual({
      ...GIVEN,
      clientSecret: undefined,
      scopes: ['openid', 'email'],
      site: { origin: 'https://app.example.com', base: '/auth/' },
      cookies: {
        name: '__Host-cognito-session',
        isSecure: true,
        secrets: [SECRET],
        isSecretRandom: false,
        maxAge: 2_592_000,
      },
      store: undefined,
      resource: undefined,
      parameters: [],
      afterLogin: undefined,
      errorPage: undefined,
      fetch: undefined,
      noStore: true,
      timeout: 3_000,
    });
  });

  it('take everything that is given', () => {
    const store = new Keyv();
    const afterLogin = () => '/home';
    const options = resolved({
      domain: `${GIVEN.domain}/`,
      clientSecret: 'secret',
      scopes: ['openid', 'orders/read'],
      cookies: { secret: [SECRET, OTHER_SECRET], name: 'shop', maxAge: 60 },
      store,
      afterLogin,
      resource: 'https://api.example.com',
      timeout: 500,
    });
    expect(options).toMatchObject({
      resource: 'https://api.example.com',
      domain: GIVEN.domain,
      clientSecret: 'secret',
      scopes: ['openid', 'orders/read'],
      cookies: { name: '__Host-shop', secrets: [SECRET, OTHER_SECRET], maxAge: 60 },
      timeout: 500,
    });
    expect([options.store, options.afterLogin]).toEqual([store, afterLogin]);
  });

  it('take what is undefined for missing where that is harmless', () => {
    const names = ['clientSecret', 'scopes', 'resource', 'parameters', 'errorPage', 'fetch'];
    const given = Object.fromEntries([...names, 'noStore', 'timeout'].map((name) => [name]));
    const cookies = { secret: SECRET, name: undefined, maxAge: undefined };

    expect(resolved({ ...given, cookies })).toEqual(resolved());
    expect(resolved({ cookies: { secret: undefined } }).cookies.isSecretRandom).toBe(true);
  });

  it.each(['store', 'afterLogin'])('refuse %s when it is undefined', (name) => {
    expect(problemsIn({ ...GIVEN, [name]: undefined })).toEqual([
      `"${name}" is undefined; is there a circular import? To do without it, leave it out.`,
    ]);
  });

  it('may be on this machine without https, and then without Secure', () => {
    const local = {
      domain: 'http://localhost:9229',
      redirectUri: 'http://localhost/auth/callback',
    };
    expect(resolved(local).cookies).toMatchObject({ name: 'cognito-session', isSecure: false });
  });

  it('take the secrets from the environment', () => {
    const environment = { COGNITO_COOKIE_SECRET: `${SECRET}, ${OTHER_SECRET}` };
    const { secrets } = resolved({ cookies: {} }, 'auth', environment).cookies;
    expect(secrets).toEqual([SECRET, OTHER_SECRET]);
  });

  it('refuse a secret of the environment that is too short', () => {
    const environment = { COGNITO_COOKIE_SECRET: `${SECRET},` };
    expect(problemsIn({ ...GIVEN, cookies: undefined }, 'auth', environment)).toEqual([
      'COGNITO_COOKIE_SECRET must be a text of at least 32 characters, or a list of them.',
    ]);
    expect(problemsIn(undefined, 'auth', environment)).toContain(
      'COGNITO_COOKIE_SECRET must be a text of at least 32 characters, or a list of them.',
    );
  });

  it('make up a secret where there is none, but not in production', () => {
    const [one, other] = [resolved({ cookies: {} }), resolved({ cookies: {} })];
    expect(one.cookies.isSecretRandom).toBe(true);
    expect(one.cookies.secrets).not.toEqual(other.cookies.secrets);
    expect(problemsIn({ ...GIVEN, cookies: {} }, 'auth', { NODE_ENV: 'production' })).toEqual([
      expect.stringMatching(/^"cookies\.secret" is missing; .* set COGNITO_COOKIE_SECRET/),
    ]);
  });

  it.each([
    [{ domain: `${GIVEN.domain}/login` }, /^"domain" must be an address like /],
    [{ domain: 'http://login.example.com' }, /^"domain" must be an address like /],
    [{ domain: 'https://user:secret@login.example.com' }, /^"domain" must be an address like /],
    [{ clientId: ['a'] }, /^"clientId" must look like .*, got \["a"\]\.$/],
    [{ clientSecret: '' }, /^"clientSecret" must be a text without spaces around it\.$/],
    [{ redirectUri: '/auth/callback' }, /^"redirectUri" must be an absolute address/],
    [{ redirectUri: 'http://app.example.com/auth/callback' }, /^"redirectUri" must be an absolute/],
    [
      { redirectUri: 'https://APP.example.com/auth/callback' },
      /^"redirectUri" must be an absolute/,
    ],
    [{ redirectUri: 'https://app.example.com/auth/callback?a=1' }, /^"redirectUri" must have a/],
    [{ redirectUri: 'https://app.example.com/login/callback' }, /^"redirectUri" must end with/],
    [{ logoutUri: 'bye' }, /^"logoutUri" must be an absolute address like https:\/\/app/],
    [{ scopes: ['email'] }, /^"scopes" must be a list of scopes with "openid" among them/],
    [{ scopes: 'openid' }, /^"scopes" must be a list of scopes with "openid" among them/],
    [
      { cookies: { secret: 'short' } },
      /^"cookies\.secret" must be a text of at least 32 characters/,
    ],
    [{ cookies: { secret: [] } }, /^"cookies\.secret" must be a text of at least 32 characters/],
    [{ cookies: { secret: SECRET, name: '__Host-a' } }, /^"cookies\.name" must be 1 to 64 letters/],
    [{ cookies: { secret: SECRET, maxAge: 0.5 } }, /^"cookies\.maxAge" must be a whole number/],
    [
      { cookies: { secret: SECRET, domain: 'a' } },
      /^"cookies\.domain" is not an option; there are/,
    ],
    [{ cookies: 'a' }, /^"cookies" must be an object, got "a"\.$/],
    [{ store: new Map() }, /^"store" must be a Keyv instance/],
    [{ afterLogin: 'https://evil.example' }, /^"afterLogin" must be a path like \/home, or a fu/],
    [
      { parameters: ['lang', 'state'] },
      /^"parameters" must be a list of parameters among "identity_pro/,
    ],
    [{ parameters: 'lang' }, /^"parameters" must be a list of parameters among .*, got "lang"\.$/],
    [{ parameters: ['toString'] }, /^"parameters" must be a list/],
    [{ errorPage: '<p>' }, /^"errorPage" must be a function, got "<p>"\.$/],
    [{ fetch: {} }, /^"fetch" must be a function, got \{\}\.$/],
    [{ timeout: () => 3 }, /^"timeout" must be a whole number of at least 1, got a function\.$/],
    [{ clientId: 'a'.repeat(200) }, /, got "a{79}…\.$/],
    [{ logoutUri: undefined }, /^"logoutUri" must be .*, got nothing\.$/],
    [{ timeout: '3s' }, /^"timeout" must be a whole number of at least 1, got "3s"\.$/],
    [{ redirectUrl: 'a' }, /^"redirectUrl" is not an option; there are "domain", "clientId", /],
  ])('refuse %j', (options, problem) => {
    expect(problemsIn({ ...GIVEN, ...options })[0]).toMatch(problem);
  });

  it('lists all that is wrong at once, and no secret', () => {
    const problems = problemsIn({ clientSecret: ' s3cret ', cookies: { secret: 'too-short' } });
    expect(problems.map((problem) => /^"([\w.]+)"/.exec(problem)?.[1])).toEqual([
      'redirectUri',
      'domain',
      'clientId',
      'clientSecret',
      'logoutUri',
      'cookies.secret',
    ]);
    expect(problems.join()).not.toMatch(/s3cret|too-short/);
  });

  it('let the callback be anywhere when there is no controller', () => {
    expect(resolved({ redirectUri: 'https://app.example.com/signed-in' }, false).site).toEqual({
      origin: 'https://app.example.com',
      base: '/',
    });
  });
});
