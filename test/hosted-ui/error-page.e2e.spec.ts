import type { LoggerService } from '@nestjs/common';
import type { CognitoHostedUiOptions } from 'nestjs-cognito-auth/hosted-ui';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { refusalOf } from './browser.js';
import { APP, HostedApp, startPool } from './hosted-app.js';

const CALLBACK = `${APP}/auth/callback?state=x`;
const OWN = '<!doctype html><title>Sorry</title>';

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());

interface NodeResponse {
  setHeader(name: string, value: string): void;
}

describe.each(ADAPTERS)('On %s, the page of an error', (adapter) => {
  async function start(errorPage?: CognitoHostedUiOptions['errorPage'], policy?: string) {
    const errors: string[] = [];
    const quiet = () => undefined;
    const logger: LoggerService = {
      log: quiet,
      warn: quiet,
      error: (...words: unknown[]) => errors.push(words.map(String).join(' ')),
    };
    const hosted = await HostedApp.start(adapter, server, {
      hostedUi: { errorPage },
      logger,
      configure: (app) => {
        app.use((_request: unknown, response: NodeResponse, next: () => void) => {
          if (policy !== undefined) response.setHeader('content-security-policy', policy);
          next();
        });
      },
    });
    onTestFinished(() => hosted.close());
    return { browser: hosted.browser(), errors };
  }

  it('says what happened, and what to press', async () => {
    const { browser } = await start();
    const { status, body } = await browser.navigate(CALLBACK);
    expect(status).toBe(400);
    expect(body).toContain('<h1>This sign-in is over</h1>');
    expect(body).toMatch(/<p role="alert">It took longer than ten minutes/);
    expect(body).toContain('<a href="/auth/login">Sign in again</a>');
    expect(body).toContain('Code: invalid_state (This browser did not begin this sign-in at ');
  });

  it.each([
    ['/auth/login?returnTo=//evil.example', 400, 'This link is not complete'],
    ['/auth/session', 401, 'Nobody is signed in'],
  ])('at %s has words of its own', async (path, status, title) => {
    const { browser } = await start();
    const visit = await browser.navigate(APP + path);
    expect([visit.status, visit.body.includes(`<h1>${title}</h1>`)]).toEqual([status, true]);
  });

  it('may be that of the application, at once or later', async () => {
    for (const errorPage of [() => OWN, () => Promise.resolve(OWN)]) {
      // oxlint-disable-next-line no-await-in-loop -- one application after the other
      const { browser, errors } = await start(errorPage);
      // oxlint-disable-next-line no-await-in-loop
      const { status, headers, body } = await browser.navigate(CALLBACK);
      expect([status, body]).toEqual([400, OWN]);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('content-security-policy')).toBe(
        "script-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
      );
      expect(errors).toEqual([]);
    }
  });

  it('of the application has its policy', async () => {
    const policy = "default-src 'self'; script-src 'nonce-a'";
    const { browser } = await start(() => OWN, policy);
    const { headers } = await browser.navigate(CALLBACK);
    expect(headers.get('content-security-policy')).toBe(policy);
    const builtIn = (await start(undefined, policy)).browser;
    const page = await builtIn.navigate(CALLBACK);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src/);
  });

  it('of the application knows the error and the request, and is for people only', async () => {
    const seen: unknown[] = [];
    const { browser } = await start((error, { url, headers }) => {
      seen.push([error.getStatus(), error.getResponse(), url, headers['x-theme']]);
      return OWN;
    });
    expect(refusalOf(await browser.call(CALLBACK))).toEqual([400, 'invalid_state']);
    expect(seen).toEqual([]);
    await browser.navigate(CALLBACK, { headers: { 'x-theme': 'dark' } });
    const body = expect.objectContaining({ code: 'invalid_state' }) as unknown;
    expect(seen).toEqual([[400, body, '/auth/callback?state=x', 'dark']]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no template');
      },
    ],
    [
      'rejects',
      () => Promise.reject(Object.assign(new Error('no template'), { cookie: 'c00kie' })),
    ],
    ['gives nothing', () => undefined],
    ['promises no text', () => Promise.resolve({ html: 'a' })],
  ])('is the built-in one when that of the application %s', async (_name, errorPage) => {
    const { browser, errors } = await start(errorPage as CognitoHostedUiOptions['errorPage']);
    const { status, headers, body } = await browser.navigate(CALLBACK);
    expect([status, body.includes('This sign-in is over')]).toEqual([400, true]);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src/);
    expect(errors).toEqual([
      expect.stringMatching(/^The option "errorPage" failed [^]*(no template|it gave no text)/),
    ]);
    expect(errors.join()).not.toContain('c00kie');
    for (let count = 0; count < 20; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await browser.navigate(CALLBACK);
    }
    expect(errors).toHaveLength(10);
  });
});
