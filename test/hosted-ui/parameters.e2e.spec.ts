import { Controller, Get, Inject, Query, Redirect, Req } from '@nestjs/common';
import { CognitoAuthModule, Public } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, CognitoHostedUiService } from 'nestjs-cognito-auth/hosted-ui';
import type { HostedUiParameter, HostedUiParameters } from 'nestjs-cognito-auth/hosted-ui';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS, createApp } from '../support/app.js';
import { Browser, locationOf, refusalOf } from './browser.js';
import { APP, HostedApp, PASSWORD, SECRET, startPool } from './hosted-app.js';

const ALL: HostedUiParameter[] = [
  'identity_provider',
  'idp_identifier',
  'login_hint',
  'lang',
  'prompt',
  'max_age',
  'acr_values',
];

/** What the protocol asks for, whatever else is handed on. */
const PROTOCOL = [
  'client_id',
  'code_challenge',
  'code_challenge_method',
  'nonce',
  'redirect_uri',
  'response_type',
  'scope',
  'state',
];

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());
afterEach(() => vi.useRealTimers());

@Controller('own')
@Public()
class OwnController {
  constructor(@Inject(CognitoHostedUiService) private readonly hostedUi: CognitoHostedUiService) {}

  @Get('google')
  @Redirect()
  async google(@Req() request: object) {
    const parameters = { identity_provider: 'Google', max_age: 60 };
    return { url: await this.hostedUi.login(request, '/feed', { parameters }) };
  }

  @Get('anything')
  @Redirect()
  async anything(@Req() request: object, @Query() query: HostedUiParameters) {
    const start = { page: 'signup', parameters: query } as const;
    return { url: await this.hostedUi.login(request, undefined, start) };
  }
}

describe.each(ADAPTERS)('On %s, the address of a sign-in', (adapter) => {
  const start = async (parameters?: HostedUiParameter[]) => {
    const hosted = await HostedApp.start(adapter, server, { hostedUi: { parameters } });
    onTestFinished(() => hosted.close());
    return hosted;
  };

  it.each([
    ['identity_provider', 'Google'],
    ['identity_provider', 'Größe & Söhne'],
    ['idp_identifier', 'example.com'],
    ['login_hint', 'alice+1@example.com'],
    ['login_hint', '"><script>'],
    ['lang', 'de'],
    ['lang', 'pt-BR'],
    ['prompt', 'none'],
    ['prompt', 'login consent'],
    ['max_age', '0'],
    ['max_age', '3600'],
    ['acr_values', 'urn:mfa urn:hardware'],
  ])('hands on %s=%j when it is allowed', async (name, value) => {
    const query = new URLSearchParams({ [name]: value }).toString();
    const allowed = (await start(ALL)).browser();
    const address = locationOf(await allowed.navigate(`${APP}/auth/login?${query}`));
    expect(address.origin + address.pathname).toBe(`${server.domain}/oauth2/authorize`);
    expect(address.searchParams.getAll(name)).toEqual([value]);

    const others = ALL.filter((other) => other !== name);
    for (const parameters of [undefined, [], others]) {
      // oxlint-disable-next-line no-await-in-loop -- one application after the other
      const browser = (await start(parameters)).browser();
      const ignored = await browser.navigate(`${APP}/auth/login?${query}`);
      expect([...locationOf(ignored).searchParams.keys()].toSorted()).toEqual(PROTOCOL);
    }
  });

  it.each([
    'lang=de&lang=fr',
    'lang=de&lang=',
    'lang=d',
    'lang=de_DE',
    'lang=de%0D%0ASet-Cookie:%20a=b',
    'prompt=none%20login',
    'prompt=Login',
    'prompt=login,consent',
    'prompt=%20login',
    'max_age=-1',
    'max_age=1.5',
    'max_age=1e9',
    'max_age=99999999999999999999',
    `login_hint=${'a'.repeat(257)}`,
    'login_hint=a%00b',
    'login_hint=a%E2%80%AEb',
    'identity_provider=a%0Ab',
    `identity_provider=${'a'.repeat(65)}`,
    'idp_identifier=a/b',
    'idp_identifier=a%09b',
    'acr_values=a%20%20b',
    'acr_values=%C3%A9',
  ])('refuses %j, and begins nothing', async (query) => {
    const browser = (await start(ALL)).browser();
    const refused = await browser.call(`${APP}/auth/login?${query}`);
    expect(refusalOf(refused)).toEqual([400, 'invalid_parameter']);
    expect(refused.headers.get('www-authenticate')).toBeNull();
    expect([...browser.cookiesOf(APP)]).toEqual([]);
    const page = await browser.navigate(`${APP}/auth/login?${query}`);
    expect([page.status, page.body.includes('href="/auth/login"')]).toEqual([400, true]);
    expect(page.headers.get('set-cookie')).toBeNull();
  });

  it('changes nothing that belongs to the protocol', async () => {
    const browser = (await start(ALL)).browser();
    const evil = new URLSearchParams({
      ...Object.fromEntries(PROTOCOL.map((name) => [name, 'evil'])),
      'lang[]': 'de',
      'lang[a]': 'de',
      __proto__: 'x',
      resource: 'https://evil.example',
      request_uri: 'https://evil.example',
      lang: '',
    });
    const address = locationOf(await browser.navigate(`${APP}/auth/login?${evil.toString()}`));
    expect([...address.searchParams.keys()].toSorted()).toEqual(PROTOCOL);
    expect([...address.searchParams.values()]).not.toContain('evil');
  });

  it.each([
    ['signup', '/signup'],
    ['forgot-password', '/forgotPassword'],
    ['passkeys', '/passkeys/add'],
  ])('leads to the page %s of Cognito, with the same protocol', async (route, path) => {
    const browser = (await start(['lang'])).browser();
    const address = locationOf(
      await browser.navigate(`${APP}/auth/${route}?lang=de&returnTo=/feed&login_hint=x`),
    );
    expect(address.origin + address.pathname).toBe(server.domain + path);
    expect([...address.searchParams.keys()].toSorted()).toEqual([...PROTOCOL, 'lang'].toSorted());
    expect(browser.cookiesOf(APP).size).toBe(1);
    expect((await browser.open(address)).body).toContain('<html lang="de">');

    const script = await browser.call(`${APP}/auth/${route}`);
    expect((JSON.parse(script.body) as { url: string }).url).toContain(`${server.domain}${path}?`);
    const loads: Record<string, string>[] = [
      { 'sec-fetch-dest': 'iframe' },
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      { 'sec-purpose': 'prefetch' },
    ];
    for (const headers of loads) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status } = await browser.navigate(`${APP}/auth/${route}`, { headers });
      expect(status).toBe(403);
    }
    const elsewhere = await browser.call(`${APP}/auth/${route}?returnTo=//evil.example`);
    expect(refusalOf(elsewhere)).toEqual([400, 'invalid_return_to']);
    const circle = await browser.call(`${APP}/auth/login?returnTo=/auth/${route}`);
    expect(refusalOf(circle)).toEqual([400, 'invalid_return_to']);
  });

  it('signs in who signs up', async () => {
    const browser = (await start()).browser();
    const page = await browser.open(`${APP}/auth/signup?returnTo=/feed`);
    const username = `new-${adapter}`;
    const visit = await browser.signIn(page, username, PASSWORD);
    expect([visit.url.href, visit.body]).toEqual([`${APP}/feed`, `{"username":"${username}"}`]);
  });

  it('leads back who was signed in and brings no code, and signs nobody in', async () => {
    const hosted = await start();
    const browser = await hosted.signedIn();
    const before = browser.cookiesOf(APP).get('__Host-cognito-session');
    const callback = async (visitor: Browser) => {
      const begun = locationOf(await visitor.navigate(`${APP}/auth/passkeys?returnTo=/orders`));
      const state = begun.searchParams.get('state') ?? '';
      return visitor.navigate(`${APP}/auth/callback?state=${state}`);
    };
    const back = await callback(browser);
    expect([back.status, back.headers.get('location')]).toEqual([302, '/orders']);
    expect(browser.cookiesOf(APP).get('__Host-cognito-session')).toBe(before);
    const stranger = hosted.browser();
    const refused = await callback(stranger);
    expect([refused.status, refused.body.includes('code_rejected')]).toEqual([400, true]);
    expect([...stranger.cookiesOf(APP)]).toEqual([]);
  });

  it('does not take a sign-in that is older than it asks for', async () => {
    const browser = (await start(ALL)).browser();
    const page = await browser.open(`${APP}/auth/login?max_age=60`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    // Cognito was told nothing of it: somebody has taken the parameter out of its address.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 120_000 });
    expect(refusalOf(await browser.call(callback))).toEqual([400, 'token_rejected']);
    vi.useRealTimers();
    const again = await browser.open(`${APP}/auth/login?max_age=60&returnTo=/orders`);
    expect([again.status, again.url.pathname]).toEqual([200, '/orders']);
  });
});

describe.each(ADAPTERS)('On %s, a controller of your own', (adapter) => {
  it('names pages and parameters in its code, without a list', async () => {
    const hostedUi = {
      domain: server.domain,
      clientId: 'web',
      redirectUri: `${APP}/auth/callback`,
      logoutUri: `${APP}/bye`,
      cookies: { secret: SECRET },
    };
    const imports = [
      CognitoAuthModule.forRoot(server.options()),
      CognitoHostedUiModule.forRoot(hostedUi),
    ];
    const app = await createApp(adapter, { imports, controllers: [OwnController] });
    onTestFinished(() => app.close());
    const browser = new Browser({ [APP]: await app.getUrl() });
    const google = locationOf(await browser.navigate(`${APP}/own/google`)).searchParams;
    expect([google.get('identity_provider'), google.get('max_age')]).toEqual(['Google', '60']);

    const address = `${APP}/own/anything?lang=de&redirect_uri=evil&client_id=evil`;
    const { pathname, searchParams } = locationOf(await browser.navigate(address));
    expect([pathname, searchParams.get('lang')]).toEqual(['/signup', 'de']);
    expect([...searchParams.values()]).not.toContain('evil');
    const twice = await browser.call(`${APP}/own/anything?lang=de&lang=fr`);
    expect(refusalOf(twice)).toEqual([400, 'invalid_parameter']);
  });
});
