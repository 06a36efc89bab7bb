import type { INestApplication } from '@nestjs/common';
import { Controller, Get, Header } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  Authenticated,
  CognitoAuthModule,
  CurrentUser,
  fromBearerHeader,
  fromCookie,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSocketApp } from '../websockets/socket-app.js';
import { isInstalled, launch } from './chromium.js';
import { type OtherSite, startOtherSite } from './other-site.js';

@WebSocketGateway()
@Authenticated()
class MailGateway {
  @SubscribeMessage('inbox')
  inbox(@CurrentUser('username') username: string) {
    return { event: 'inbox', data: `mail of ${username}` };
  }
}

@Controller()
class PageController {
  @Get('page')
  @Public()
  @Header('content-type', 'text/html')
  page() {
    return '<!doctype html><title>Mail</title><body></body>';
  }
}

/** As a client of socket.io does that has neither WebSocket nor CORS: by script elements and forms. */
const BY_SCRIPT = `async (app) => {
  const address = app + '/socket.io/?EIO=4&transport=polling&j=0';
  const got = [];
  window.___eio = [(text) => got.push(text)];
  const get = (query) => new Promise((resolve) => {
    const script = document.createElement('script');
    script.src = address + query;
    script.onload = script.onerror = resolve;
    document.body.append(script);
  });
  const post = (query, text) => new Promise((resolve) => {
    const frame = document.createElement('iframe');
    frame.name = 'f' + document.querySelectorAll('iframe').length;
    document.body.append(frame);
    const form = document.createElement('form');
    form.method = 'POST';
    form.target = frame.name;
    form.action = address + query;
    const area = document.createElement('textarea');
    area.name = 'd';
    area.value = text;
    form.append(area);
    document.body.append(form);
    frame.onload = resolve;
    form.submit();
  });
  await get('');
  const sid = '&sid=' + /"sid":"([^"]+)"/.exec(got.join(''))[1];
  for (const text of ['40', '42["inbox"]']) {
    await post(sid, text);
    await get(sid);
  }
  return got.slice(1).join(' ');
}`;

const BY_WEBSOCKET = `(app) => new Promise((resolve) => {
  const socket = new WebSocket(app.replace('http', 'ws') + '/socket.io/?EIO=4&transport=websocket');
  socket.onmessage = ({ data }) => {
    if (data.startsWith('0')) socket.send('40');
    else if (data.startsWith('40')) socket.send('42["inbox"]');
    else resolve(data);
  };
})`;

describe.runIf(isInstalled())('A socket.io handshake with the cookie of a user', () => {
  let browser: Browser;
  let otherSite: OtherSite;
  let app: INestApplication;
  let url: string;
  let pool: LocalUserPool;

  beforeAll(async () => {
    pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
    const tokenFrom = [fromBearerHeader(), fromCookie('token')];
    const auth = CognitoAuthModule.forRoot({ ...pool.options(), tokenFrom });
    const metadata = { imports: [auth], providers: [MailGateway], controllers: [PageController] };
    [app, browser, otherSite] = await Promise.all([
      createSocketApp('socket.io', metadata),
      launch(),
      startOtherSite(),
    ]);
    url = `http://localhost:${new URL(await app.getUrl()).port}`;
  });

  afterAll(async () => {
    await browser?.close();
    otherSite?.close();
    await app?.close();
  });

  /** What a page of this address gets to read. */
  async function readFrom(
    address: string,
    sameSite: 'Strict' | 'None',
    script: string,
  ): Promise<string> {
    const context = await browser.newContext();
    const cookie = { name: 'token', value: pool.accessToken('alice'), domain: 'localhost' };
    const secure = sameSite === 'None';
    await context.addCookies([{ ...cookie, path: '/', httpOnly: true, sameSite, secure }]);
    const page = await context.newPage();
    await page.goto(address);
    const read: string = await page.evaluate(`(${script})(${JSON.stringify(url)})`);
    await context.close();
    return read;
  }

  it.each([
    ['script elements', BY_SCRIPT],
    ['a WebSocket', BY_WEBSOCKET],
  ])('is answered to pages of the application: by %s', async (_, script) => {
    expect(await readFrom(`${url}/page`, 'Strict', script)).toContain('mail of alice');
  });

  it.each([
    ['a neighbour, by script elements', 'localhost', 'Strict', BY_SCRIPT],
    ['a neighbour, by a WebSocket', 'localhost', 'Strict', BY_WEBSOCKET],
    ['another site, by script elements', '127.0.0.1', 'None', BY_SCRIPT],
    ['another site, by a WebSocket', '127.0.0.1', 'None', BY_WEBSOCKET],
  ] as const)('is refused to %s', async (_, hostname, sameSite, script) => {
    const read = await readFrom(otherSite.at(hostname, url), sameSite, script);
    expect(read).toContain('missing_token');
    expect(read).not.toContain('alice');
  });
});
