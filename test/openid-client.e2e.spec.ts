import {
  LocalUserPool,
  type LocalClientSetup,
  type LocalUserPoolServer,
} from 'nestjs-cognito-auth/testing';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CALLBACK = 'http://localhost:3000/callback';
const SECRET = 'wr1tt3n+and/with:colons%';
const SCOPES = ['openid', 'email', 'orders/read'];
const CLIENTS: LocalClientSetup[] = [
  { clientId: 'web', scopes: SCOPES },
  { clientId: 'rotating', scopes: SCOPES, refreshTokenRotation: true },
  { clientId: 'server', scopes: SCOPES, secret: SECRET },
];

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', email: 'alice@example.com', groups: ['admin'] }],
    clients: CLIENTS,
  });
  server = await pool.listen();
});

afterAll(() => server.close());

describe('openid-client with a local user pool', () => {
  it('discovers the endpoints from the issuer', async () => {
    const metadata = (await configurationOf('web')).serverMetadata();
    expect(metadata).toMatchObject({
      issuer: server.issuer,
      authorization_endpoint: `${server.domain}/oauth2/authorize`,
      end_session_endpoint: `${server.domain}/logout`,
    });
    expect(metadata.supportsPKCE()).toBe(true);
  });

  it.each([
    ['a public app client', 'web', undefined],
    ['one with its secret in the header', 'server', client.ClientSecretBasic(SECRET)],
    ['one with its secret in the form', 'server', client.ClientSecretPost(SECRET)],
  ])('signs a user in through %s', async (_, clientId, authentication) => {
    const configuration = await configurationOf(clientId, authentication);
    const tokens = await signIn(configuration);
    expect(tokens.token_type).toBe('bearer');
    expect(tokens.expires_in).toBe(3600);
    expect(tokens.claims()).toMatchObject({
      aud: clientId,
      'cognito:username': 'alice',
      'cognito:groups': ['admin'],
      email_verified: true,
    });
  });

  it('renews tokens by the same refresh token', async () => {
    const configuration = await configurationOf('web');
    const tokens = await signIn(configuration);
    const refreshToken = String(tokens.refresh_token);
    const [first, second] = [
      await client.refreshTokenGrant(configuration, refreshToken),
      await client.refreshTokenGrant(configuration, refreshToken),
    ];
    expect(first.refresh_token).toBeUndefined();
    expect(first.claims()?.origin_jti).toBe(tokens.claims()?.origin_jti);
    expect(second.claims()?.auth_time).toBe(tokens.claims()?.auth_time);
  });

  it('renews tokens by refresh tokens that rotate', async () => {
    const configuration = await configurationOf('rotating');
    const first = String((await signIn(configuration)).refresh_token);
    const second = (await client.refreshTokenGrant(configuration, first)).refresh_token ?? '';
    expect(second).not.toBe(first);
    expect((await client.refreshTokenGrant(configuration, second)).refresh_token).not.toBe(second);
    await expect(client.refreshTokenGrant(configuration, second)).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });
  });

  it('gets the token of a machine', async () => {
    const configuration = await configurationOf('server', client.ClientSecretBasic(SECRET));
    const tokens = await client.clientCredentialsGrant(configuration, { scope: 'orders/read' });
    expect(tokens.access_token).not.toBe('');
    expect(tokens.refresh_token).toBeUndefined();
    await expect(
      client.clientCredentialsGrant(configuration, { scope: 'orders/delete' }),
    ).rejects.toMatchObject({ error: 'invalid_scope' });
  });

  it('asks who the user is, until the session is revoked', async () => {
    const configuration = await configurationOf('web');
    const tokens = await signIn(configuration);
    const subject = String(tokens.claims()?.sub);
    const userInfo = () => client.fetchUserInfo(configuration, tokens.access_token, subject);
    expect(await userInfo()).toEqual({
      sub: subject,
      username: 'alice',
      email: 'alice@example.com',
      email_verified: 'true',
    });

    const refreshToken = String(tokens.refresh_token);
    await client.tokenRevocation(configuration, refreshToken);
    await expect(userInfo()).rejects.toMatchObject({
      status: 401,
      cause: [{ scheme: 'bearer', parameters: { error: 'invalid_token' } }],
    });
    await expect(client.refreshTokenGrant(configuration, refreshToken)).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('cannot revoke an access token, as at Cognito', async () => {
    const configuration = await configurationOf('web');
    const { access_token: accessToken } = await signIn(configuration);
    await expect(client.tokenRevocation(configuration, accessToken)).rejects.toMatchObject({
      error: 'unsupported_token_type',
    });
  });

  it('learns why a user was not signed in', async () => {
    const configuration = await configurationOf('web');
    const state = client.randomState();
    const parameters = { redirect_uri: CALLBACK, prompt: 'none', state };
    const address = client.buildAuthorizationUrl(configuration, parameters);
    const { headers } = await fetch(address, { redirect: 'manual' });
    const callback = new URL(headers.get('location') ?? '');
    await expect(
      client.authorizationCodeGrant(configuration, callback, { expectedState: state }),
    ).rejects.toMatchObject({ error: 'login_required' });
  });

  it('is refused a code that another verifier comes with', async () => {
    const configuration = await configurationOf('web');
    await expect(signIn(configuration, client.randomPKCECodeVerifier())).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  });

  it('signs a user out by the parameter of Cognito', async () => {
    const logoutUri = 'http://localhost:3000/bye';
    const configuration = await configurationOf('web');
    const address = client.buildEndSessionUrl(configuration, { logout_uri: logoutUri });
    const { status, headers } = await fetch(address, { redirect: 'manual' });
    expect([status, headers.get('location')]).toEqual([302, logoutUri]);
  });
});

/** Knows the pool by its issuer alone, and checks the signatures of ID tokens. */
function configurationOf(
  clientId: string,
  authentication: client.ClientAuth = client.None(),
): Promise<client.Configuration> {
  return client.discovery(new URL(server.issuer), clientId, undefined, authentication, {
    execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
  });
}

async function signIn(configuration: client.Configuration, otherVerifier?: string) {
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const address = client.buildAuthorizationUrl(configuration, {
    redirect_uri: CALLBACK,
    scope: SCOPES.join(' '),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  return client.authorizationCodeGrant(configuration, await callbackOf(address), {
    pkceCodeVerifier: otherVerifier ?? verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
}

/** What the browser of a user does: follows to the page, fills in the form, is sent back. */
async function callbackOf(address: URL): Promise<URL> {
  const page = await fetch(address);
  const [, token = ''] = /name="_csrf" value="([^"]+)"/.exec(await page.text()) ?? [];
  const { username, password } = pool.users[0] ?? { username: '', password: '' };
  const submitted = await fetch(page.url, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: page.headers.get('set-cookie') ?? '' },
    body: new URLSearchParams({ username, password, _csrf: token }),
  });
  return new URL(submitted.headers.get('location') ?? '');
}
