import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Controller, Get, Header } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import {
  CognitoAuthModule,
  CurrentUser,
  fromBearerHeader,
  OptionalAuth,
} from 'nestjs-cognito-auth';
import type { CognitoUser } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession } from 'nestjs-cognito-auth/hosted-ui';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocksIn } from '../markdown.js';
import { ADAPTERS, createApp } from '../support/app.js';
import { freePort } from '../support/free-port.js';
import { isInstalled, launch } from './chromium.js';

const PASSWORD = 'Correct-horse-7';
const root = fileURLToPath(new URL('../..', import.meta.url));

@Controller()
class PagesController {
  @Get()
  @OptionalAuth()
  @Header('content-type', 'text/html')
  home(@CurrentUser() user?: CognitoUser) {
    return `<!doctype html><title>Home</title><h1>${user?.username ?? 'nobody'}</h1>
<a href="/auth/login">Sign in</a>
<form action="/auth/login"><button>Sign in by a form</button></form>
<form method="post" action="/auth/logout"><button>Sign out</button></form>
<button id="leave">Sign out by a script</button>
<script src="/page.js"></script>`;
  }

  @Get('page.js')
  @OptionalAuth()
  @Header('content-type', 'text/javascript')
  script() {
    return `document.querySelector('#leave').addEventListener('click', async () => {
  const answer = await fetch('/auth/logout', { method: 'POST' });
  location.href = (await answer.json()).url;
});`;
  }
}

/** The lines of the README, with the options of an application in place of those of its example. */
async function securityHeadersFor(hostedPages: object): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'security-headers-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const code = `export const hostedPages = ${JSON.stringify(hostedPages)};`;
  writeFileSync(join(folder, 'signed-in.module.ts'), code);
  const snippets = codeBlocksIn(readFileSync(join(root, 'README.md'), 'utf8'));
  const lines = snippets.find((block) => block.code.startsWith('// security-headers.ts\n'));
  writeFileSync(join(folder, 'security-headers.ts'), lines?.code ?? '');
  try {
    const loaded: unknown = await import(join(folder, 'security-headers.ts'));
    return (loaded as { securityHeaders: () => void }).securityHeaders;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.runIf(isInstalled()).each(ADAPTERS)('Under the policy of the README, on %s', (adapter) => {
  let pool: LocalUserPoolServer;
  let app: INestApplication;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    url = `http://localhost:${await freePort()}`;
    const users = [{ username: 'alice', password: PASSWORD }];
    const urls = { callbackUrls: [`${url}/auth/callback`], logoutUrls: [`${url}/`] };
    const local = await LocalUserPool.create({ users, clients: [{ clientId: 'web', ...urls }] });
    pool = await local.listen();
    const hostedPages = {
      domain: pool.domain,
      clientId: 'web',
      redirectUri: `${url}/auth/callback`,
      logoutUri: `${url}/`,
    };
    const headers = await securityHeadersFor(hostedPages);
    const tokenFrom = [fromBearerHeader(), fromSession()];
    const imports = [
      CognitoAuthModule.forRoot(pool.options({ tokenFrom })),
      CognitoHostedUiModule.forRoot({ ...hostedPages, cookies: { secret: 'x'.repeat(32) } }),
    ];
    app = await createApp(
      adapter,
      { imports, controllers: [PagesController] },
      { configure: (created) => created.use(headers), port: Number(new URL(url).port) },
    );
    browser = await launch();
  });

  afterAll(async () => {
    await browser?.close();
    await app?.close();
    await pool?.close();
  });

  const heading = (page: Page) => page.locator('h1').textContent();

  async function signIn(page: Page): Promise<void> {
    await page.fill('[name=username]', 'alice');
    await page.fill('[name=password]', PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`${url}/`);
  }

  it.each(['Sign out', 'Sign out by a script'])(
    'a user signs in, and %s ends the session at Cognito, too',
    async (button) => {
      const context = await browser.newContext();
      context.setDefaultTimeout(15_000);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => {
        if (/Content Security Policy|CORS/.test(message.text())) complaints.push(message.text());
      });
      const opened = await page.goto(url);
      const policy = opened?.headers()['content-security-policy'];
      expect(policy).toContain(`form-action 'self' ${pool.domain} ${url}`);
      await page.getByRole('link', { name: 'Sign in' }).click();
      await signIn(page);
      expect(await heading(page)).toBe('alice');

      await page.getByRole('button', { name: button, exact: true }).click();
      await page.locator('h1', { hasText: 'nobody' }).waitFor();
      expect(page.url()).toBe(`${url}/`);
      expect(await context.cookies(url)).toEqual([]);

      // The next person is asked who they are.
      await page.getByRole('button', { name: 'Sign in by a form' }).click();
      await page.waitForURL(`${pool.domain}/login?**`);
      await signIn(page);
      expect(await heading(page)).toBe('alice');
      expect(complaints).toEqual([]);
      await context.close();
    },
  );

  it('all sign-in pages work that were opened at once', async () => {
    const context = await browser.newContext();
    context.setDefaultTimeout(15_000);
    const pages = await Promise.all(Array.from({ length: 4 }, () => context.newPage()));
    await Promise.all(pages.map((page) => page.goto(`${url}/auth/login`)));
    for (const page of pages) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person does
      await signIn(page);
      // oxlint-disable-next-line no-await-in-loop
      expect(await heading(page)).toBe('alice');
    }
    await context.close();
  });
});
