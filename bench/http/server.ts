import { type Started, start } from '../processes.js';
import type { BenchTokens } from '../tokens/bench-pool.js';
import type { ServerSetup } from './server.process.js';
import type { RouteName } from './routes.js';

/** A server in a process of its own. */
export type Server = Started<{ readonly url: string }>;

/** Starts a server, and makes sure that its guard lets in and keeps out whom it should. */
export async function startServer(
  adapter: ServerSetup['adapter'],
  route: RouteName,
  tokens: BenchTokens,
): Promise<Server> {
  const setup: ServerSetup = { adapter, route, pool: tokens.setup };
  const server: Server = await start(new URL('server.process.js', import.meta.url), setup);
  await checkAdmission(server.answer.url, `${route} on ${adapter}`, tokens, refusedBy(route));
  return server;
}

type Refused = 'nothing' | 'forged tokens' | 'misused tokens';

function refusedBy(route: RouteName): Refused {
  switch (route) {
    case 'unguarded':
    case 'guard that returns true':
    case 'Passport alone':
      return 'nothing';
    // They do not know what a Cognito token is for: any app client, and ID tokens, too.
    case 'crypto.verify alone':
    case 'passport-jwt + jwks-rsa':
      return 'forged tokens';
    default:
      return 'misused tokens';
  }
}

async function checkAdmission(url: string, name: string, tokens: BenchTokens, refused: Refused) {
  const { familiar, fresh, forged, misused } = tokens;
  const good = [familiar[0], fresh[0], familiar[0]];
  const bad =
    refused === 'nothing'
      ? []
      : [forged, 'a.b.c', ...(refused === 'misused tokens' ? misused : [])];
  for (const token of good) await checkStatus(url, name, token, 200);
  for (const token of bad) await checkStatus(url, name, token, 401);
}

/** Makes sure that a server answers a token as it should. */
export async function checkStatus(
  url: string,
  name: string,
  token: string | undefined,
  right: number,
): Promise<void> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  if (response.status !== right) {
    throw new Error(`${name} answers ${response.status} where ${right} is right`);
  }
}
