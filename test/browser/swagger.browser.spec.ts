import { stat } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Demo, startDemo } from '../../apps/demo/src/demo.js';
import { isInstalled, launch } from './chromium.js';
import { SwaggerPage, fillIn } from './swagger-page.js';

const SCREENSHOT = new URL('../../docs/swagger-signed-in.png', import.meta.url).pathname;

describe.runIf(isInstalled()).each(['express', 'fastify'] as const)(
  'The Swagger page of the demo on %s',
  (adapter) => {
    let browser: Browser;
    let demo: Demo;
    let swagger: SwaggerPage;

    beforeAll(async () => {
      browser = await launch();
      demo = await startDemo({ adapter, host: '127.0.0.1', port: 0, poolPort: 0 });
    });

    afterAll(async () => {
      await browser?.close();
      await demo?.close();
    });

    beforeEach(async () => {
      swagger = await SwaggerPage.open(browser, `${demo.url}/docs`);
    });

    afterEach(() => swagger.close());

    it('signs a user in, whose access token it sends from then on', async () => {
      expect(await swagger.tryOut('/me')).toBe(401);

      await swagger.signIn('alice');

      expect(await swagger.tryOut('/me')).toBe(200);
      expect(await swagger.tryOut('/admin')).toBe(200);
      expect(await swagger.tryOut('/orders')).toBe(200);
    });

    it('sends the token of a user who is refused', async () => {
      await swagger.signIn('bob');

      expect(await swagger.tryOut('/me')).toBe(200);
      expect(await swagger.tryOut('/admin')).toBe(403);
    });

    it('sends no access token where only an ID token is accepted', async () => {
      await swagger.signIn('alice');

      const [request, status] = await Promise.all([
        swagger.page.waitForRequest((sent) => sent.url().endsWith('/profile')),
        swagger.tryOut('/profile'),
      ]);
      expect(status).toBe(401);
      expect(await request.headerValue('authorization')).toBeNull();
    });

    it('sends no token after the user has logged out', async () => {
      await swagger.signIn('alice');
      expect(await swagger.tryOut('/me')).toBe(200);

      await swagger.logOut();

      expect(await swagger.tryOut('/me')).toBe(401);
    });

    it('keeps the user signed in when it is loaded again', async () => {
      await swagger.signIn('alice');

      await swagger.page.reload();

      expect(await swagger.tryOut('/admin')).toBe(200);
    });

    it('shows on the sign-in page that a password is wrong, and lets the user try again', async () => {
      const popup = await swagger.openSignIn();
      await fillIn(popup, 'alice', 'wrong');
      await popup.getByRole('alert').getByText('Incorrect username or password.').waitFor();

      await Promise.all([popup.waitForEvent('close'), fillIn(popup, 'alice', 'alice-password')]);

      await swagger.closeDialog();
      expect(await swagger.tryOut('/me')).toBe(200);
    });

    it.each(['localhost', '127.0.0.1'])('signs in from /docs/ at %s', async (hostname) => {
      const url = new URL('/docs/', demo.url);
      url.hostname = hostname;
      await swagger.page.goto(url.href);

      await swagger.signIn('alice');

      expect(await swagger.tryOut('/me')).toBe(200);
    });

    it('asks for the code with PKCE, and for the token without a preflight', async () => {
      const requests: string[] = [];
      swagger.page.on('request', (request) => {
        if (request.url().endsWith('/oauth2/token')) requests.push(request.method());
      });
      const popup = await swagger.openSignIn();
      await popup.getByRole('button', { name: 'Sign in' }).waitFor();
      const asked = new URL(popup.url()).searchParams;
      const [sent] = await Promise.all([
        swagger.page.waitForRequest(/oauth2\/token$/),
        fillIn(popup, 'alice', 'alice-password'),
      ]);

      expect(asked.get('code_challenge_method')).toBe('S256');
      expect(asked.get('redirect_uri')).toBe(`${demo.url}/docs/oauth2-redirect.html`);
      expect(asked.get('scope')).toBe('openid email profile orders/read orders/write');
      expect(new URLSearchParams(sent.postData() ?? '').get('code_verifier')).toMatch(/^.{43,}$/);
      expect(await sent.headerValue('x-requested-with')).toBeNull();
      expect(requests).toEqual(['POST']);
    });

    it.runIf(process.env['SCREENSHOTS'] && adapter === 'express')(
      'looks as it does in the documentation',
      async () => {
        await swagger.signIn('alice');
        expect(await swagger.tryOut('/admin')).toBe(200);
        await swagger.page.screenshot({
          path: SCREENSHOT,
          fullPage: true,
          clip: { x: 0, y: 0, width: 1280, height: 1465 },
          // It shows the token.
          style: '.curl-command { display: none }',
        });
        expect((await stat(SCREENSHOT)).size).toBeLessThan(300_000);
      },
    );
  },
);
