import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Signs a user in at an application as a browser does, and resolves with its `Cookie` header. */
export async function signIn(place: string, username: string, password: string): Promise<string> {
  const [jar, jarOfPool] = [new Map<string, string>(), new Map<string, string>()];
  const authorization = (await visit(`${place}/auth/login`, jar)).location;
  const login = (await visit(authorization, jarOfPool)).location;
  const { body } = await visit(login, jarOfPool);
  const [, csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(body) ?? [];
  const form = new URLSearchParams({ username, password, _csrf: csrf });
  const { pathname, search } = new URL((await visit(login, jarOfPool, form)).location);
  const { status } = await visit(place + pathname + search, jar);
  if (status !== 302) throw new Error(`The sign-in ends with status ${status}`);
  return headerOf(jar);
}

// Not by fetch(), which says that it is a script.
async function visit(address: string, jar: Map<string, string>, form?: URLSearchParams) {
  const call = request(address, {
    method: form ? 'POST' : 'GET',
    headers: {
      'sec-fetch-mode': 'navigate',
      cookie: headerOf(jar),
      ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
  });
  call.end(form?.toString());
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const body = await text(response);
  for (const cookie of response.headers['set-cookie'] ?? []) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    if (value === '') jar.delete(name);
    else jar.set(name, value);
  }
  const location = new URL(response.headers.location ?? '', address).href;
  return { status: response.statusCode, location, body };
}

function headerOf(jar: ReadonlyMap<string, string>): string {
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}
