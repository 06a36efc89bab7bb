import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalUserPool, type LocalUserPoolServer } from './index.js';

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
  server = await pool.listen();
});

afterAll(() => server.close());

describe('pool.listen()', () => {
  it('takes a free port and makes its address the issuer', () => {
    expect(server.port).toBeGreaterThan(0);
    expect(server.url).toBe(`http://localhost:${server.port}`);
    expect(server.issuer).toBe(`${server.url}/${pool.userPoolId}`);
    expect(server.jwksUri).toBe(`${server.issuer}/.well-known/jwks.json`);
    expect(pool.issuer).toBe(server.issuer);
    expect(pool.options().issuer).toBe(server.issuer);
  });

  it('leaves an issuer alone that the pool was created with', async () => {
    const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123';
    const aws = await LocalUserPool.create({
      userPoolId: 'eu-west-1_AbCdEf123',
      issuer,
      keySize: 1024,
    });
    const awsServer = await aws.listen();
    expect(awsServer.issuer).toBe(issuer);
    expect(await jsonFrom(awsServer.jwksUri)).toEqual(aws.jwks());
    await awsServer.close();
  });

  it('rejects a second server for one pool', async () => {
    await expect(pool.listen()).rejects.toThrow(
      `LocalUserPool: ${server.issuer} is being served already. Close its server first.`,
    );
  });

  it('can be called again after its server was closed, even on the same port', async () => {
    const again = await LocalUserPool.create({ keySize: 1024 });
    const first = await again.listen();
    await first.close();
    const second = await again.listen(first.port);
    expect(second.port).toBe(first.port);
    expect((await fetch(second.jwksUri)).status).toBe(200);
    await second.close();
  });

  it('names the port that is taken, says what to do and keeps the cause', async () => {
    const other = await LocalUserPool.create({ keySize: 1024 });
    const refusal = await other.listen(server.port).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      message:
        `LocalUserPool: cannot listen on 127.0.0.1:${server.port}. The port is taken: ` +
        'stop what listens there, or call listen() without a port for a free one.',
      cause: { code: 'EADDRINUSE' },
    });
    const elsewhere = await other.listen();
    await elsewhere.close();
  });

  it('rejects a port that does not exist', async () => {
    const other = await LocalUserPool.create({ keySize: 1024 });
    await expect(other.listen(70_000)).rejects.toThrow(
      'LocalUserPool: cannot listen on 127.0.0.1:70000. Give it a port and a host of this machine',
    );
  });

  // Only Linux has more loopback addresses than one without being told so.
  const isLinux = process.platform === 'linux';

  it.runIf(isLinux)('listens at no address but 127.0.0.1', async () => {
    const neighbour = createServer();
    await new Promise<void>((resolve, reject) => {
      // Taken, if the pool listened at all addresses.
      neighbour.once('error', reject).listen(server.port, '127.0.0.2', resolve);
    });
    expect(neighbour.address()).toMatchObject({ port: server.port });
    await new Promise((resolve) => neighbour.close(resolve));
  });

  it.runIf(isLinux)('listens at the host that it is given, and names it', async () => {
    const other = await LocalUserPool.create({ keySize: 1024 });
    const named = await other.listen(0, { host: '127.0.0.2' });
    expect(named.issuer).toBe(`http://127.0.0.2:${named.port}/${other.userPoolId}`);
    expect((await fetch(named.jwksUri)).status).toBe(200);
    await named.close();
  });

  it.runIf(hasIPv6())('writes an IPv6 address in brackets', async () => {
    const other = await LocalUserPool.create({ keySize: 1024 });
    const named = await other.listen(0, { host: '::ffff:127.0.0.1' });
    expect(named.issuer).toBe(`http://[::ffff:127.0.0.1]:${named.port}/${other.userPoolId}`);
    await named.close();
  });
});

describe('server.options()', () => {
  it('names the pool and the address of its keys', () => {
    expect(server.options()).toEqual({
      userPoolId: pool.userPoolId,
      clientId: [pool.clientId],
      issuer: server.issuer,
      jwksUri: server.jwksUri,
    });
  });

  it('lets overrides win', () => {
    expect(server.options({ clientId: null, clockTolerance: 5 })).toMatchObject({
      clientId: null,
      clockTolerance: 5,
      jwksUri: server.jwksUri,
    });
  });
});

describe('server.close()', () => {
  it('stops answering, and a second call changes nothing', async () => {
    const closing = await LocalUserPool.create({ keySize: 1024 });
    const closed = await closing.listen();
    await fetch(closed.jwksUri);
    await Promise.all([closed.close(), closed.close()]);
    await expect(fetch(closed.jwksUri)).rejects.toThrow('fetch failed');
    await expect(closed.close()).resolves.toBeUndefined();
  });
});

describe('GET /<pool>/.well-known/jwks.json', () => {
  it('publishes the keys as they are now', async () => {
    const rotating = await LocalUserPool.create({ keySize: 1024 });
    const rotatingServer = await rotating.listen();
    const before = await jsonFrom(rotatingServer.jwksUri);
    await rotating.rotateKeys({ keep: false });
    const after = await jsonFrom(rotatingServer.jwksUri);
    await rotatingServer.close();
    expect(after).toEqual(rotating.jwks());
    expect(after).not.toEqual(before);
  });

  it('is JSON', async () => {
    const { headers } = await fetch(server.jwksUri);
    expect(headers.get('content-type')).toBe('application/json;charset=UTF-8');
  });

  it('is counted', async () => {
    const counted = await LocalUserPool.create({ keySize: 1024 });
    const countedServer = await counted.listen();
    const { pathname } = new URL(countedServer.jwksUri);
    expect(countedServer.requests[pathname]).toBe(0);
    await fetch(countedServer.jwksUri);
    await fetch(`${countedServer.jwksUri}?query=1`);
    await fetch(`${countedServer.url}/elsewhere`);
    expect(countedServer.requests).toEqual({
      [pathname]: 2,
      [`/${counted.userPoolId}/.well-known/openid-configuration`]: 0,
      '/login': 0,
      '/logout': 0,
      '/oauth2/authorize': 0,
      '/oauth2/revoke': 0,
      '/oauth2/token': 0,
      '/oauth2/userInfo': 0,
    });
    await countedServer.close();
  });
});

describe('GET /<pool>/.well-known/openid-configuration', () => {
  it('lists the endpoints that there are, and only those', async () => {
    const document = await jsonFrom(`${server.issuer}/.well-known/openid-configuration`);
    expect(document).toEqual({
      issuer: server.issuer,
      jwks_uri: server.jwksUri,
      authorization_endpoint: `${server.domain}/oauth2/authorize`,
      token_endpoint: `${server.domain}/oauth2/token`,
      userinfo_endpoint: `${server.domain}/oauth2/userInfo`,
      revocation_endpoint: `${server.domain}/oauth2/revoke`,
      end_session_endpoint: `${server.domain}/logout`,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      scopes_supported: ['openid', 'email', 'phone', 'profile'],
      subject_types_supported: ['public'],
    });
  });
});

describe('the server of a local user pool', () => {
  const ALL_ORIGINS = ['/oauth2/token', '/oauth2/userInfo', '/oauth2/revoke'];
  const SAME_ORIGIN = ['/oauth2/authorize', '/login', '/logout'];

  it('lets pages of every origin call what programs call', async () => {
    const discovery = new URL(`${server.issuer}/.well-known/openid-configuration`).pathname;
    for (const path of [...ALL_ORIGINS, discovery, new URL(server.jwksUri).pathname]) {
      const called = await fetch(server.url + path);
      expect(called.headers.get('access-control-allow-origin')).toBe('*');
      const preflight = await fetch(server.url + path, { method: 'OPTIONS' });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
      expect(preflight.headers.get('access-control-allow-headers')).toBe(
        'authorization, content-type, x-requested-with, *',
      );
    }
  });

  it('names the methods of an endpoint to a preflight', async () => {
    const methodsOf = async (path: string) =>
      (await fetch(server.url + path, { method: 'OPTIONS' })).headers.get(
        'access-control-allow-methods',
      );
    expect(await methodsOf('/oauth2/token')).toBe('POST');
    expect(await methodsOf('/oauth2/userInfo')).toBe('GET, POST');
  });

  it('lets pages of no other origin read what browsers are sent to', async () => {
    for (const path of SAME_ORIGIN) {
      const called = await fetch(server.url + path);
      expect(called.headers.has('access-control-allow-origin')).toBe(false);
      const preflight = await fetch(server.url + path, { method: 'OPTIONS' });
      expect(preflight.status).toBe(405);
      expect(preflight.headers.has('access-control-allow-origin')).toBe(false);
    }
  });

  it('survives garbage, and never answers it with an error of its own', async () => {
    const garbage = ['', '?', '=', '&&&', '%', '%E0%A4%A', '\u0000', '\ud800', '__proto__=1'];
    const named = ['client_id', 'redirect_uri', 'logout_uri', 'scope', 'resource'].flatMap((name) =>
      garbage.map((value) => `client_id=${pool.clientId}&${name}=${value}`),
    );
    for (const path of [...ALL_ORIGINS, ...SAME_ORIGIN]) {
      for (const text of [...garbage, ...named]) {
        const headers = {
          'content-type': 'application/x-www-form-urlencoded',
          cookie: 'cognito; cognito=; =; cognito-csrf=%; ;;',
        };
        const answers = await Promise.all([
          fetch(`${server.url}${path}?${text}`, { headers, redirect: 'manual' }),
          fetch(`${server.url}${path}?${text}`, { method: 'POST', headers, body: text }),
        ]);
        for (const { status } of answers) expect([400, 401, 405]).toContain(status);
      }
    }
    expect((await fetch(server.jwksUri)).status).toBe(200);
  });

  it.each(['/', '/unknown/.well-known/jwks.json', '/__proto__', '/constructor', '/%E0%A4%A', '//'])(
    'answers 404 at %s',
    async (path) => {
      const response = await fetch(server.url + path);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ error: 'not_found' });
    },
  );

  it('answers 405 and names the method to any other', async () => {
    const response = await fetch(server.jwksUri, { method: 'POST', body: 'x' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
    expect(await response.json()).toEqual({ error: 'method_not_allowed' });
  });
});

async function jsonFrom(address: string): Promise<unknown> {
  return (await fetch(address)).json();
}

function hasIPv6(): boolean {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.some((address) => address?.family === 'IPv6');
}
