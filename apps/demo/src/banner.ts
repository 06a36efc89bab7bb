import type { DemoConfiguration } from './configuration.js';
import type { Demo } from './demo.js';
import type { LocalPool } from './local-pool.js';
import { signInOf } from './sign-in.js';

/** What there is to see, for whoever has just started the demo. */
export function bannerOf({ url, configuration, localPool }: Demo): string {
  const lines = localPool
    ? linesOnLocalPool(url, localPool, configuration)
    : linesOnUserPool(url, configuration);
  const addresses = [`Page     ${url}/`, `API      ${url}`, `Swagger  ${url}/docs`];
  return ['', ...lines, '', ...addresses, ''].join('\n');
}

function linesOnLocalPool(url: string, pool: LocalPool, { host }: DemoConfiguration): string[] {
  const { clientId, secret, scopes } = pool.machine;
  return [
    `The demo accepts the tokens of ${pool.issuer}`,
    'This user pool is in memory and has new keys at every start.',
    ...warningAbout(host),
    '',
    'Users',
    ...pool.users.map(
      ({ username, password, groups }) =>
        `  ${username.padEnd(8)}password ${password.padEnd(17)}${groupList(groups)}`,
    ),
    '',
    'Machine',
    `  ${clientId}, secret ${secret}, scopes ${scopes.join(' ')}`,
    '',
    'Paste a line; its token is valid for a day, or until the demo stops.',
    ...examples(url, pool),
    '',
    'More tokens, as JSON',
    `  curl -s ${url}/demo/token/alice`,
    `  curl -s "${url}/demo/token/alice?scope=openid+orders/write"`,
    `  curl -s -u ${clientId}:${secret} -d grant_type=client_credentials ${pool.tokenEndpoint}`,
  ];
}

function linesOnUserPool(url: string, configuration: DemoConfiguration): string[] {
  const { userPoolId } = configuration;
  return [
    `The demo accepts the tokens of the user pool ${userPoolId}, which COGNITO_USER_POOL_ID names.`,
    '',
    'With one of them in the variable TOKEN',
    `  curl -i ${url}/me -H "Authorization: Bearer $TOKEN"`,
    '',
    ...linesOnSignIn(url, configuration),
  ];
}

/** What has to be set up before anybody can sign in on the page. */
function linesOnSignIn(url: string, configuration: DemoConfiguration): string[] {
  const signIn = signInOf(configuration, url);
  if (!signIn.options) return [`Nobody can sign in on the page: ${signIn.obstacle}`];
  const { clientId, redirectUri, logoutUri, scopes = [] } = signIn.options;
  return [
    `To sign in on the page, allow these URLs in the app client ${clientId}`,
    `  callback  ${redirectUri}`,
    `  sign-out  ${logoutUri}`,
    `and the scopes ${scopes.join(' ')}`,
  ];
}

const THIS_MACHINE = new Set(['127.0.0.1', '::1', 'localhost']);

function warningAbout(host: string): string[] {
  if (THIS_MACHINE.has(host)) return [];
  return [`DEMO_HOST is ${host}: whoever reaches it can have the tokens of all users.`];
}

function groupList(groups: readonly string[]): string {
  return groups.length > 0 ? `groups ${groups.join(', ')}` : 'no groups';
}

function examples(url: string, pool: LocalPool): string[] {
  const { clientId } = pool.machine;
  const requests = [
    ['alice', 'is in the group admin: 200', `${url}/admin`],
    ['bob', 'is not: 403', `${url}/admin`],
    ['carol', 'is in the group analyst: 200', `${url}/reports`],
    ['carol', 'may delete orders, says the database: 200', `-X DELETE ${url}/orders/1`],
    [clientId, 'has the scope orders/write: 201', `-X POST ${url}/orders`],
  ] as const;
  return requests.flatMap(([name, title, request]) => {
    const token = pool.tokensOf(name).access_token;
    return ['', `# ${name} ${title}`, `curl -i ${request} -H "Authorization: Bearer ${token}"`];
  });
}
