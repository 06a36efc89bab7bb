import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LocalUserPool, type LocalUserPoolServer } from './index.js';

const CHALLENGE = createHash('sha256').update('verifier').digest('base64url');
const WEB = {
  response_type: 'code',
  client_id: 'web',
  redirect_uri: 'https://app.example.com/callback?from=cognito',
  state: 'state-1',
};
const LOCAL = { ...WEB, client_id: 'local', redirect_uri: 'http://localhost:3000/callback' };
const ALICE = { username: 'alice', password: 'correct horse' };

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [
      { ...ALICE, email: 'alice@example.com' },
      { username: 'bob', password: 'battery' },
    ],
    clients: [
      {
        clientId: 'web',
        name: 'Shop & <b>Co</b>',
        callbackUrls: [WEB.redirect_uri, 'shop://callback', 'http://[::1]:3000/callback'],
        logoutUrls: ['https://app.example.com/bye'],
      },
      { clientId: 'local' },
      { clientId: 'machine', secret: 's', scopes: [], callbackUrls: [], logoutUrls: [] },
      { clientId: 'orders', scopes: ['openid', 'email', 'orders/read'] },
    ],
  });
  server = await pool.listen();
});

afterAll(() => server.close());

describe('GET /oauth2/authorize', () => {
  it('sends a browser without a session to the sign-in page, with the same parameters', async () => {
    const query = { ...WEB, scope: 'openid email', login_hint: 'ålice&co', lang: 'fr' };
    const response = await new Browser().get(authorizeUrl(query));
    expect(response.status).toBe(302);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const location = locationOf(response);
    expect(location.origin + location.pathname).toBe(`${server.domain}/login`);
    expect(Object.fromEntries(location.searchParams)).toEqual(query);
  });

  it('answers a browser with a session with a code at once, and with the state', async () => {
    const browser = await signedInBrowser();
    const location = locationOf(await browser.get(authorizeUrl(WEB)));
    expect(location.origin + location.pathname).toBe('https://app.example.com/callback');
    expect(Object.fromEntries(location.searchParams)).toEqual({
      from: 'cognito',
      code: expect.stringMatching(/^[\w-]{43}$/),
      state: 'state-1',
    });
  });

  it('returns no state when none was sent', async () => {
    const browser = await signedInBrowser();
    const location = locationOf(await browser.get(authorizeUrl({ ...WEB, state: '' })));
    expect([...location.searchParams.keys()]).toEqual(['from', 'code']);
  });

  it('gives a new code every time', async () => {
    const browser = await signedInBrowser();
    const codes = [await browser.get(authorizeUrl(WEB)), await browser.get(authorizeUrl(WEB))].map(
      (response) => locationOf(response).searchParams.get('code'),
    );
    expect(new Set(codes).size).toBe(2);
  });

  it('forgets a session after an hour, however much it is used', async () => {
    const browser = await signedInBrowser();
    later(59 * MINUTE);
    expect(errorOf(await browser.get(authorizeUrl({ ...WEB, prompt: 'none' })))).toBeNull();
    later(MINUTE);
    expect(errorOf(await browser.get(authorizeUrl({ ...WEB, prompt: 'none' })))).toBe(
      'login_required',
    );
  });

  describe('with a prompt', () => {
    it('answers login_required to "none" without a session', async () => {
      const location = locationOf(
        await new Browser().get(authorizeUrl({ ...WEB, prompt: 'none' })),
      );
      expect(Object.fromEntries(location.searchParams)).toEqual({
        from: 'cognito',
        error: 'login_required',
        error_description: 'Nobody has signed in with this browser.',
        state: 'state-1',
      });
    });

    it.each(['none', 'consent'])(
      'answers "%s" with a code when there is a session',
      async (prompt) => {
        const browser = await signedInBrowser();
        const location = locationOf(await browser.get(authorizeUrl({ ...WEB, prompt })));
        expect(location.searchParams.has('code')).toBe(true);
      },
    );

    it.each(['login', 'select_account', 'consent login'])(
      'shows the form for "%s" in spite of a session',
      async (prompt) => {
        const browser = await signedInBrowser();
        const location = locationOf(await browser.get(authorizeUrl({ ...WEB, prompt })));
        expect(location.pathname).toBe('/login');
      },
    );

    it('is not led around in circles by "login": the form leads to a code', async () => {
      const response = await new Browser().signIn({ ...WEB, prompt: 'login' }, ALICE);
      expect(locationOf(response).searchParams.has('code')).toBe(true);
    });
  });

  const mistakes: [string, Record<string, string>, string][] = [
    ['no response type', { response_type: '' }, 'invalid_request'],
    ['the implicit grant', { response_type: 'token' }, 'unauthorized_client'],
    ['another response type', { response_type: 'id_token' }, 'invalid_request'],
    ['a scope that the client may not have', { scope: 'openid orders/read' }, 'invalid_scope'],
    ['a scope in another case', { scope: 'OpenID' }, 'invalid_scope'],
    ['email without openid', { scope: 'email' }, 'invalid_scope'],
    ['PKCE with "plain"', challenge('plain'), 'invalid_request'],
    ['PKCE without a method', { code_challenge: CHALLENGE }, 'invalid_request'],
    ['PKCE without a challenge', { code_challenge_method: 'S256' }, 'invalid_request'],
    ['a challenge that is no SHA-256', challenge('S256', 'short'), 'invalid_request'],
    ['a padded challenge', challenge('S256', `${CHALLENGE}=`), 'invalid_request'],
    ['a resource that is no URL', { resource: 'orders' }, 'invalid_request'],
    ['a resource over http', { resource: 'http://api.example.com' }, 'invalid_request'],
    ['a resource with a fragment', { resource: 'https://api.example.com#a' }, 'invalid_request'],
    ['the prompt "none" and another one', { prompt: 'none login' }, 'invalid_request'],
  ];

  it.each(mistakes)('tells the callback URL about %s', async (_, mistake, error) => {
    for (const path of ['/oauth2/authorize', '/login']) {
      const response = await new Browser().get(urlOf(path, { ...WEB, ...mistake }));
      expect(response.status).toBe(302);
      const location = locationOf(response);
      expect(location.href.startsWith(`${WEB.redirect_uri}&error=`)).toBe(true);
      expect(location.searchParams.get('error')).toBe(error);
      // RFC 6749 §4.1.2.1.
      expect(location.searchParams.get('error_description')).toMatch(/^[ !#-[\]-~]+$/);
      expect(location.searchParams.get('state')).toBe('state-1');
    }
  });

  it('tells the callback URL about a client without scopes', async () => {
    const bare = await LocalUserPool.create({ clients: [{ scopes: [] }], keySize: 1024 });
    const bareServer = await bare.listen();
    const query = new URLSearchParams({ ...LOCAL, client_id: bare.clientId }).toString();
    const response = await new Browser().get(`${bareServer.url}/oauth2/authorize?${query}`);
    expect(errorOf(response)).toBe('invalid_scope');
    await bareServer.close();
  });

  it.each(['scope=openid&scope=email', 'resource=https://a.example&resource=https://b.example'])(
    'tells the callback URL that a parameter is there twice: %s',
    async (repeated) => {
      const location = locationOf(await new Browser().get(`${authorizeUrl(WEB)}&${repeated}`));
      expect(location.searchParams.get('error')).toBe('invalid_request');
      expect(location.searchParams.get('state')).toBe('state-1');
    },
  );

  it('returns none of two states', async () => {
    const location = locationOf(await new Browser().get(`${authorizeUrl(WEB)}&state=2`));
    expect(location.searchParams.get('error')).toBe('invalid_request');
    expect(location.searchParams.has('state')).toBe(false);
  });

  it.each([
    ['no app client', { client_id: '' }],
    ['an unknown app client', { client_id: 'nobody' }],
    ['an app client that is a member of objects', { client_id: '__proto__' }],
    ['no callback URL', { redirect_uri: '' }],
    ['a callback URL with less at its end', { redirect_uri: 'https://app.example.com/callback' }],
    ['a callback URL with more at its end', { redirect_uri: `${WEB.redirect_uri}&a=b` }],
    ['a callback URL in another case', { redirect_uri: 'SHOP://callback' }],
    ['a callback URL on this machine beside the list', { redirect_uri: LOCAL.redirect_uri }],
    ['a callback URL of another app client', { client_id: 'machine' }],
  ])('redirects nowhere with %s', async (_, mistake) => {
    for (const path of ['/oauth2/authorize', '/login', '/logout']) {
      await expectErrorPage(await new Browser().get(urlOf(path, { ...WEB, ...mistake })));
    }
  });

  it.each([`client_id=web`, `redirect_uri=${encodeURIComponent(WEB.redirect_uri)}`])(
    'redirects nowhere with a second %s',
    async (second) => {
      await expectErrorPage(await new Browser().get(`${authorizeUrl(WEB)}&${second}`));
    },
  );

  it.each([
    'http://localhost',
    'http://localhost:3000',
    'http://localhost:3000/docs/oauth2-redirect.html?a=b',
    'https://localhost/callback',
    'http://127.0.0.1:8080/callback',
    'http://[::1]:8080/callback',
  ])('takes %s for an app client without a list', async (redirect_uri) => {
    const location = locationOf(
      await new Browser().get(authorizeUrl({ ...LOCAL, redirect_uri, prompt: 'none' })),
    );
    expect(location.href.startsWith(new URL(redirect_uri).href)).toBe(true);
    expect(location.searchParams.get('error')).toBe('login_required');
  });

  it.each([
    'https://attacker.example',
    'http://localhost.attacker.example/callback',
    'http://localhost@attacker.example',
    'http://localhost:3000@attacker.example',
    'http://attacker.example#http://localhost',
    'http://attacker.example/http://localhost:3000/callback',
    'http://localhost:3000/callback#fragment',
    'http://localhost\\@attacker.example',
    'http://localhost:99999999/',
    'http://localhost:3000/call\r\nset-cookie: a=b',
    'http://localhost:3000/\u0000',
    'http://localhost:3000/ü',
    'http://127.0.0.1.attacker.example',
    'http://127.1/',
    'http://0x7f000001/',
    'http://LOCALHOST.attacker.example',
    '//localhost:3000/callback',
    '/callback',
    'localhost:3000/callback',
    'javascript:alert(1)//http://localhost/',
    'shop://callback',
  ])('does not take %j for an app client without a list', async (redirect_uri) => {
    const browser = await signedInBrowser();
    await expectErrorPage(await browser.get(authorizeUrl({ ...LOCAL, redirect_uri })));
  });

  it('writes no header that a parameter asks for', async () => {
    const state = 'a\r\nset-cookie: cognito=attacker\r\n\r\n<script>alert(1)</script>';
    const browser = await signedInBrowser();
    for (const query of [
      { ...WEB, state },
      { ...WEB, state, scope: 'unknown' },
    ]) {
      const response = await browser.get(authorizeUrl(query));
      expect(response.headers.get('location')).toMatch(/^[!-~]+$/);
      expect(locationOf(response).searchParams.get('state')).toBe(state);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(await response.text()).toBe('');
    }
  });

  it('answers 405 to POST', async () => {
    const response = await new Browser().post(authorizeUrl(WEB), ALICE);
    expect(response.status).toBe(405);
  });
});

describe('GET /login', () => {
  it('is a page with a form that says what it is for, and needs no script', async () => {
    const response = await new Browser().get(loginUrl(LOCAL));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html;charset=UTF-8');
    const page = await response.text();
    expect(page).toContain('<html lang="en">');
    expect(page).toContain('<title>Sign in</title>');
    expect(page).toContain('<strong>local</strong>');
    expect(page).toContain(pool.userPoolId);
    for (const field of ['username', 'password']) {
      expect(page).toContain(`<label for="${field}">`);
      expect(page).toMatch(new RegExp(`<input id="${field}" name="${field}"`));
    }
    expect(page).not.toMatch(/<script|javascript:|\son\w+=|\sstyle=|role="alert"/i);
  });

  it('can be neither framed nor cached, and loads nothing but its own style', async () => {
    const { headers, page } = await pageOf(new Browser(), LOCAL);
    const [, style = ''] = /<style>(.*)<\/style>/s.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(style).not.toBe('');
    expect(headers.get('content-security-policy')).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; ` +
        "form-action 'self' http://localhost:* http://127.0.0.1:*; " +
        "base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.has('access-control-allow-origin')).toBe(false);
  });

  it.each([
    [WEB.redirect_uri, 'https://app.example.com'],
    ['shop://callback', 'shop:'],
    // The grammar of a policy has no IPv6 addresses.
    ['http://[::1]:3000/callback', 'http:'],
  ])('lets its form lead to %s', async (redirect_uri, source) => {
    const { headers } = await pageOf(new Browser(), { ...WEB, redirect_uri });
    expect(headers.get('content-security-policy')).toContain(`form-action 'self' ${source};`);
  });

  it('gives a browser one cookie for all its forms, which scripts and other paths do not see', async () => {
    const browser = new Browser();
    const { headers } = await pageOf(browser, LOCAL);
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(/^cognito-csrf=[\w-]{43}; Path=\/login; HttpOnly; SameSite=Lax$/),
    ]);
    const again = await pageOf(browser, LOCAL);
    expect(again.headers.getSetCookie()).toEqual(headers.getSetCookie());
  });

  it('keeps the token of the form out of the cookie', async () => {
    const browser = new Browser();
    const { page } = await pageOf(browser, LOCAL);
    expect(formTokenIn(page)).not.toBe(browser.cookies.get('cognito-csrf'));
  });

  it('asks for the username first, and for the password when a hint has filled it in', async () => {
    const empty = await pageOf(new Browser(), LOCAL);
    expect(fieldIn(empty.page, 'username')).toMatch(/ value="" .*autofocus/s);
    expect(fieldIn(empty.page, 'password')).not.toContain('autofocus');
    const hinted = await pageOf(new Browser(), { ...LOCAL, login_hint: 'alice' });
    expect(fieldIn(hinted.page, 'username')).toContain(' value="alice"');
    expect(fieldIn(hinted.page, 'username')).not.toContain('autofocus');
    expect(fieldIn(hinted.page, 'password')).toContain('autofocus');
  });

  it('lists the users, and no password', async () => {
    const { page } = await pageOf(new Browser(), LOCAL);
    expect(page).toContain('Users: alice, bob.');
    expect(page).not.toContain(ALICE.password);
  });

  it.each([
    [0, 'It has no users.'],
    [10, 'Users: u0, u1, u2, u3, u4, u5, u6, u7, u8, u9.'],
    [12, 'Users: u0, u1, u2, u3, u4, u5, u6, u7, u8, u9 and 2 more.'],
  ])('says of %i users "%s"', async (count, hint) => {
    const users = Array.from({ length: count }, (_, index) => ({ username: `u${index}` }));
    const crowd = await LocalUserPool.create({ users, keySize: 1024 });
    const crowdServer = await crowd.listen();
    const query = new URLSearchParams({ ...LOCAL, client_id: crowd.clientId }).toString();
    const page = await (await fetch(`${crowdServer.url}/login?${query}`)).text();
    expect(page).toContain(hint);
    await crowdServer.close();
  });

  it('shows the name of an app client as text', async () => {
    const { page } = await pageOf(new Browser(), WEB);
    expect(page).toContain('<strong>Shop &amp; &lt;b&gt;Co&lt;/b&gt;</strong>');
  });
});

describe('POST /login', () => {
  it('sends the browser back with a code and remembers it for an hour', async () => {
    const browser = new Browser();
    const response = await browser.signIn(WEB, ALICE);
    expect(response.status).toBe(302);
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^cognito=[\w-]{43}; Path=\/; Max-Age=3600; HttpOnly; SameSite=Lax$/),
    ]);
    const location = locationOf(response);
    expect(location.href.startsWith(`${WEB.redirect_uri}&code=`)).toBe(true);
    expect(location.searchParams.get('state')).toBe('state-1');
    expect(locationOf(await browser.get(authorizeUrl(WEB))).searchParams.has('code')).toBe(true);
  });

  it('starts a new session for every sign-in', async () => {
    const browser = await signedInBrowser();
    const first = browser.cookies.get('cognito');
    await browser.signIn(WEB, ALICE);
    expect(browser.cookies.get('cognito')).not.toBe(first);
  });

  it.each<[string, Record<string, string>]>([
    ['a wrong password', { username: 'alice', password: 'Correct horse' }],
    ['the password of another user', { username: 'alice', password: 'battery' }],
    ['no password', { username: 'alice' }],
    ['an unknown user', { username: 'carol', password: 'correct horse' }],
    ['an unknown user without a password', { username: 'carol' }],
    ['a member of objects', { username: '__proto__', password: '' }],
    ['nothing', {}],
  ])('shows the page again after %s', async (_, credentials) => {
    const browser = new Browser();
    const response = await browser.signIn(LOCAL, credentials);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('text/html;charset=UTF-8');
    expect(browser.cookies.has('cognito')).toBe(false);
    const page = await response.text();
    expect(page).toContain('role="alert" id="problem">Incorrect username or password.</p>');
    expect(fieldIn(page, 'username')).toContain(` value="${credentials.username ?? ''}"`);
    expect(fieldIn(page, 'password')).toContain('aria-describedby="problem"');
    expect(fieldIn(page, 'password')).not.toContain('value=');
  });

  it('lets the user try again on the page that is shown again', async () => {
    const browser = new Browser();
    const again = await browser.signIn(LOCAL, { ...ALICE, password: 'wrong' });
    const response = await browser.submit(await again.text(), ALICE);
    expect(locationOf(response).searchParams.has('code')).toBe(true);
  });

  it('takes any of several forms that a browser has open', async () => {
    const browser = new Browser();
    const first = await pageOf(browser, LOCAL);
    await pageOf(browser, WEB);
    const response = await browser.submit(first.page, ALICE);
    expect(locationOf(response).searchParams.has('code')).toBe(true);
  });

  it('signs nobody in by a form of another site', async () => {
    const victim = new Browser();
    await pageOf(victim, LOCAL);
    const attacker = new Browser();
    const { page } = await pageOf(attacker, LOCAL);
    const attempts = [
      await victim.post(loginUrl(LOCAL), ALICE),
      await victim.post(loginUrl(LOCAL), { ...ALICE, _csrf: '' }),
      await victim.post(loginUrl(LOCAL), { ...ALICE, _csrf: formTokenIn(page) }),
      await new Browser().post(loginUrl(LOCAL), { ...ALICE, _csrf: formTokenIn(page) }),
      await new Browser({ 'cognito-csrf': 'x' }).post(loginUrl(LOCAL), { ...ALICE, _csrf: 'x' }),
    ];
    for (const response of attempts) {
      expect(response.status).toBe(403);
      expect(response.headers.get('set-cookie')).not.toContain('cognito=');
      expect(await response.text()).toContain('This page had expired. Please sign in again.');
    }
  });

  it('explains a mistake of the app client as the authorization endpoint does', async () => {
    const browser = new Browser();
    const { page } = await pageOf(browser, LOCAL);
    const form = { ...ALICE, _csrf: formTokenIn(page) };
    const unknownScope = await browser.post(loginUrl({ ...LOCAL, scope: 'unknown' }), form);
    expect(errorOf(unknownScope)).toBe('invalid_scope');
    const elsewhere = { ...LOCAL, redirect_uri: 'https://attacker.example' };
    await expectErrorPage(await browser.post(loginUrl(elsewhere), form));
    expect(browser.cookies.has('cognito')).toBe(false);
  });

  it.each([
    ['JSON', 400, 'application/json', JSON.stringify(ALICE)],
    ['a field twice', 400, undefined, 'username=alice&username=bob'],
    ['too large a form', 413, undefined, `username=${'a'.repeat(64 * 1024)}`],
  ])('answers %s with an error page', async (_, status, type, body) => {
    const headers = { 'content-type': type ?? 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', headers, body, redirect: 'manual' } as const;
    await expectErrorPage(await fetch(loginUrl(LOCAL), init), status);
  });
});

describe('GET /logout', () => {
  const BYE = { client_id: 'web', logout_uri: 'https://app.example.com/bye' };

  it('ends the session, clears its cookie and redirects to the sign-out URL', async () => {
    const browser = await signedInBrowser();
    const cookies = new Map(browser.cookies);
    const response = await browser.get(urlOf('/logout', BYE));
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(BYE.logout_uri);
    expect(response.headers.getSetCookie()).toEqual([
      'cognito=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
    ]);
    // Also for a browser that kept the cookie.
    const stubborn = new Browser(Object.fromEntries(cookies));
    expect(errorOf(await stubborn.get(authorizeUrl({ ...WEB, prompt: 'none' })))).toBe(
      'login_required',
    );
  });

  it('redirects a browser that has no session, too', async () => {
    const response = await new Browser().get(urlOf('/logout', BYE));
    expect(response.headers.get('location')).toBe(BYE.logout_uri);
  });

  it('goes to any address of this machine for an app client without a list', async () => {
    const query = { client_id: 'local', logout_uri: 'http://localhost:3000/bye' };
    const response = await new Browser().get(urlOf('/logout', query));
    expect(response.headers.get('location')).toBe(query.logout_uri);
  });

  it('leads to the sign-in page when it is given a callback URL', async () => {
    const browser = await signedInBrowser();
    const location = locationOf(await browser.get(urlOf('/logout', WEB)));
    expect(location.pathname).toBe('/login');
    expect(Object.fromEntries(location.searchParams)).toEqual(WEB);
    expect(errorOf(await browser.get(authorizeUrl({ ...WEB, prompt: 'none' })))).toBe(
      'login_required',
    );
  });

  it.each<[string, Record<string, string>]>([
    ['no parameters', {}],
    ['an app client only', { client_id: 'web' }],
    ['no app client', { logout_uri: BYE.logout_uri }],
    ['an unknown app client', { ...BYE, client_id: 'nobody' }],
    ['a sign-out URL that is not listed', { ...BYE, logout_uri: 'https://attacker.example' }],
    ['a sign-out URL with more at its end', { ...BYE, logout_uri: `${BYE.logout_uri}/` }],
    ['a callback URL as sign-out URL', { ...BYE, logout_uri: WEB.redirect_uri }],
    ['an empty sign-out URL', { ...BYE, logout_uri: '' }],
    ['a sign-out URL elsewhere', { client_id: 'local', logout_uri: 'https://attacker.example' }],
    ['no response type', { client_id: 'web', redirect_uri: WEB.redirect_uri }],
    ['the parameter of OpenID Connect', { post_logout_redirect_uri: BYE.logout_uri }],
  ])('redirects nowhere and signs nobody out with %s', async (_, query) => {
    const browser = await signedInBrowser();
    await expectErrorPage(await browser.get(urlOf('/logout', query)));
    expect(errorOf(await browser.get(authorizeUrl({ ...WEB, prompt: 'none' })))).toBeNull();
  });

  it('redirects nowhere with a second sign-out URL', async () => {
    await expectErrorPage(await new Browser().get(`${urlOf('/logout', BYE)}&logout_uri=x`));
  });
});

describe('the pages', () => {
  const PROBES = [
    `"><script>alert(1)</script>`,
    `'><img src=x onerror=alert(1)>`,
    `</style></title><svg/onload=alert(1)>`,
    `" autofocus onfocus="alert(1)`,
    `&quot;&gt;&lt;script&gt;`,
    `javascript:alert(1)`,
  ];
  const PARAMETERS =
    'response_type client_id redirect_uri state scope nonce login_hint prompt resource ' +
    'code_challenge lang logout_uri anything';

  it.each(PARAMETERS.split(' '))('show %s as text and as nothing else', async (parameter) => {
    for (const path of ['/oauth2/authorize', '/login', '/logout']) {
      const pageWith = async (value: string) => {
        const query = { ...LOCAL, [parameter]: value };
        return (await new Browser().get(urlOf(path, query))).text();
      };
      await expectSameStructure(pageWith);
    }
  });

  it('show the name of a parameter as text and as nothing else', async () => {
    await expectSameStructure(async (name) => {
      return (await pageOf(new Browser(), { ...LOCAL, [name]: name })).page;
    });
  });

  it('show what was typed as text and as nothing else', async () => {
    await expectSameStructure(async (typed) => {
      const response = await new Browser().signIn(LOCAL, { username: typed, password: typed });
      const page = await response.text();
      expect(fieldIn(page, 'username')).toContain(`value="${escaped(typed)}"`);
      return page;
    });
  });

  it('show the address that was not accepted', async () => {
    const redirect_uri = 'https://attacker.example/"><script>';
    const response = await new Browser().get(authorizeUrl({ ...WEB, redirect_uri }));
    expect(await response.text()).toContain(escaped(`The redirect_uri "${redirect_uri}" is not`));
  });

  /** The page has the tags and the attributes that it has with a harmless value. */
  async function expectSameStructure(pageWith: (value: string) => Promise<string>): Promise<void> {
    const structure = structureOf(await pageWith('harmless'));
    for (const probe of PROBES) {
      const page = await pageWith(probe);
      expect(structureOf(page)).toEqual(structure);
      expect(page.match(/ (action|href|src)="(?!\/login\?)/g)).toBeNull();
    }
  }

  function structureOf(page: string): string[] {
    return page.replace(/"[^"]*"/g, '""').match(/<[^>]*>/g) ?? [];
  }
});

const MINUTE = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

function later(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}

/** Keeps cookies and follows no redirects. */
class Browser {
  readonly cookies: Map<string, string>;

  constructor(cookies: Record<string, string> = {}) {
    this.cookies = new Map(Object.entries(cookies));
  }

  get(address: string): Promise<Response> {
    return this.send(address);
  }

  post(address: string, form: Record<string, string>): Promise<Response> {
    return this.send(address, { method: 'POST', body: new URLSearchParams(form) });
  }

  /** Fills in the form of a page and sends it where the page says. */
  submit(page: string, fields: Record<string, string>): Promise<Response> {
    const [, action = ''] = / action="([^"]+)"/.exec(page) ?? [];
    const address = new URL(action.replaceAll('&amp;', '&'), server.url).href;
    return this.post(address, { ...fields, _csrf: formTokenIn(page) });
  }

  async signIn(query: Record<string, string>, fields: Record<string, string>): Promise<Response> {
    const { page } = await pageOf(this, query);
    return this.submit(page, fields);
  }

  private async send(address: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(address, { ...init, redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (line.includes('Max-Age=0')) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}

async function signedInBrowser(): Promise<Browser> {
  const browser = new Browser();
  expect((await browser.signIn(WEB, ALICE)).status).toBe(302);
  return browser;
}

async function pageOf(browser: Browser, query: Record<string, string>) {
  const response = await browser.get(loginUrl(query));
  expect(response.status).toBe(200);
  return { headers: response.headers, page: await response.text() };
}

function urlOf(path: string, query: Record<string, string>): string {
  return `${server.url}${path}?${new URLSearchParams(query).toString()}`;
}

function authorizeUrl(query: Record<string, string>): string {
  return urlOf('/oauth2/authorize', query);
}

function loginUrl(query: Record<string, string>): string {
  return urlOf('/login', query);
}

function challenge(method: string, code_challenge = CHALLENGE): Record<string, string> {
  return { code_challenge, code_challenge_method: method };
}

function locationOf(response: Response): URL {
  return new URL(response.headers.get('location') ?? '');
}

function errorOf(response: Response): string | null {
  return locationOf(response).searchParams.get('error');
}

async function expectErrorPage(response: Response, status = 400): Promise<void> {
  expect(response.status).toBe(status);
  expect(response.headers.has('location')).toBe(false);
  expect(response.headers.getSetCookie()).toEqual([]);
  expect(response.headers.get('content-type')).toBe('text/html;charset=UTF-8');
  expect(response.headers.get('content-security-policy')).toContain("form-action 'none'");
  expect(await response.text()).toContain('role="alert"');
}

function formTokenIn(page: string): string {
  return /name="_csrf" value="([\w-]+)"/.exec(page)?.[1] ?? '';
}

function fieldIn(page: string, id: string): string {
  return new RegExp(`<input id="${id}"[^>]*>`).exec(page)?.[0] ?? '';
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
