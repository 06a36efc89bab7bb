import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { BadRequestException, Injectable } from '@nestjs/common';
import type {
  ArgumentMetadata,
  CallHandler,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
  PipeTransform,
} from '@nestjs/common';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { map, of, tap } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { locationOf, refusalOf } from './browser.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

/** The envelope that many applications put around every answer. */
@Injectable()
class Envelope implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler) {
    return next.handle().pipe(map((data: unknown) => ({ data })));
  }
}

/** Does what a cache of the whole application does: keeps answers to GET, by address. */
@Injectable()
class CacheByAddress implements NestInterceptor {
  private readonly kept = new Map<string, unknown>();

  intercept(context: ExecutionContext, next: CallHandler) {
    const { method, url } = context.switchToHttp().getRequest<{ method: string; url: string }>();
    if (method !== 'GET' || !url.startsWith('/auth/')) return next.handle();
    if (this.kept.has(url)) return of(this.kept.get(url));
    return next.handle().pipe(tap((answer: unknown) => void this.kept.set(url, answer)));
  }
}

/** Has an answer of its own for whoever asks. */
@Injectable()
class Canned implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    return url.startsWith('/auth/') ? of({ canned: true }) : next.handle();
  }
}

/** Refuses what it is shown, as a strict validation does with an argument that it has no class for. */
class Refusing implements PipeTransform {
  transform(value: unknown, { type }: ArgumentMetadata): unknown {
    if (type === 'custom') return value;
    throw new BadRequestException();
  }
}

/** Does what stores of sessions do, which write before the answer goes out. */
function holdBack(app: INestApplication, adapter: Adapter): void {
  if (adapter === 'fastify') {
    const fastify = app.getHttpAdapter().getInstance() as { addHook: AddHook };
    fastify.addHook('onSend', async (_request, _reply, payload) => {
      await setTimeout(5);
      return payload;
    });
    return;
  }
  app.use((_request: unknown, response: ServerResponse, next: () => void) => {
    const end = response.end.bind(response) as (...args: unknown[]) => void;
    response.end = ((...args: unknown[]) => {
      void setTimeout(5).then(() => end(...args));
      return response;
    }) as typeof response.end;
    next();
  });
}

type AddHook = (
  name: 'onSend',
  hook: (request: object, reply: object, payload: unknown) => Promise<unknown>,
) => void;

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());

describe.each(ADAPTERS)('The routes of the hosted pages on %s', (adapter) => {
  const start = async (configure: (app: INestApplication) => void) => {
    const hosted = await HostedApp.start(adapter, server, { configure });
    onTestFinished(() => hosted.close());
    return hosted;
  };

  it.each<[string, (app: INestApplication) => void]>([
    ['an envelope', (app) => app.useGlobalInterceptors(new Envelope())],
    ['a cache', (app) => app.useGlobalInterceptors(new CacheByAddress())],
    [
      'an envelope in a cache',
      (app) => app.useGlobalInterceptors(new CacheByAddress(), new Envelope()),
    ],
    ['canned answers', (app) => app.useGlobalInterceptors(new Canned())],
    ['a pipe that refuses everything', (app) => app.useGlobalPipes(new Refusing())],
  ])('are out of reach of %s', async (_name, configure) => {
    const hosted = await start(configure);
    const alice = await hosted.signedIn('alice');
    const bob = await hosted.signedIn('bob');
    const stranger = hosted.browser();

    for (const [browser, username] of [
      [alice, 'alice'],
      [bob, 'bob'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- the second one meets what the first one left
      const { status, body, headers } = await browser.call(`${APP}/auth/session`);
      expect([status, JSON.parse(body)]).toEqual([200, expect.objectContaining({ username })]);
      expect(headers.get('cache-control')).toBe('no-store');
    }
    expect(refusalOf(await stranger.call(`${APP}/auth/session`))).toEqual([401, 'missing_token']);

    expect((await stranger.navigate(`${APP}/auth/logout`)).status).toBe(302);
    expect((await alice.navigate(`${APP}/auth/logout`)).status).toBe(302);
    expect(refusalOf(await alice.call(`${APP}/orders`))).toEqual([401, 'missing_token']);
    expect((await bob.call(`${APP}/auth/session`)).status).toBe(200);

    const page = await alice.open(`${APP}/auth/login?returnTo=/auth/session`);
    const visit = await alice.signIn(page, 'alice', PASSWORD);
    expect(JSON.parse(visit.body)).toMatchObject({ username: 'alice' });
  });

  it('answer once, though hooks of the application hold each answer back', async () => {
    const hosted = await start((app) => holdBack(app, adapter));
    const browser = await hosted.signedIn('alice');
    expect(JSON.parse((await browser.call(`${APP}/auth/session`)).body)).toMatchObject({
      username: 'alice',
    });
    const refreshed = await browser.call(`${APP}/auth/refresh`, { method: 'POST' });
    expect([refreshed.status, Object.keys(JSON.parse(refreshed.body) as object)]).toEqual([
      200,
      ['expiresAt'],
    ]);
    const left = await browser.navigate(`${APP}/auth/logout`);
    expect([left.status, locationOf(left).pathname]).toEqual([302, '/logout']);
    expect(refusalOf(await browser.call(`${APP}/auth/session`))).toEqual([401, 'missing_token']);
  });

  it('stay behind the guards of the application', async () => {
    const hosted = await start((app) =>
      app.useGlobalGuards({
        canActivate: (context) =>
          !context.switchToHttp().getRequest<{ url: string }>().url.startsWith('/auth/login'),
      }),
    );
    const visit = await hosted.browser().call(`${APP}/auth/login`);
    expect([visit.status, visit.headers.get('cache-control')]).toEqual([403, 'no-store']);
    expect(hosted.browser().cookiesOf(APP).size).toBe(0);
  });

  it('tell a script where to send its page, which cannot follow a redirect to another site', async () => {
    const hosted = await start(() => undefined);
    const browser = await hosted.signedIn();
    const { status, body, headers } = await browser.call(`${APP}/auth/logout`, { method: 'POST' });
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(JSON.parse(body)).toEqual({
      url: `${server.domain}/logout?client_id=web&logout_uri=${encodeURIComponent(`${APP}/bye`)}`,
    });
    expect(refusalOf(await browser.call(`${APP}/orders`))).toEqual([401, 'missing_token']);
    // By a browser that says nothing of itself.
    const silent = await fetch(`${hosted.place}/auth/logout`, { method: 'POST' });
    expect([silent.status, await silent.text()]).toEqual([200, body]);

    const login = await browser.call(`${APP}/auth/login`);
    expect([login.status, JSON.parse(login.body)]).toEqual([
      200,
      { url: expect.stringContaining(`${server.domain}/oauth2/authorize?`) as string },
    ]);
  });

  // Express compares without case and takes a slash at the end; Fastify decodes.
  it.each([
    ['/AUTH/Session/', { express: 200, fastify: 404 }],
    ['/auth/session?returnTo=/login', { express: 200, fastify: 200 }],
    ['/auth/%73ession', { express: 404, fastify: 200 }],
  ])('are found as the router finds them: %s', async (path, statuses) => {
    const hosted = await start(() => undefined);
    const browser = await hosted.signedIn();
    const { status, body } = await browser.call(APP + path);
    expect(status).toBe(statuses[adapter]);
    const username = status === 200 ? 'alice' : undefined;
    expect((JSON.parse(body) as { username?: string }).username).toBe(username);
  });
});
