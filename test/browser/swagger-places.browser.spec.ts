import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { DocumentBuilder } from '@nestjs/swagger';
import { CognitoAuthModule, Groups } from 'nestjs-cognito-auth';
import { setupCognitoSwagger } from 'nestjs-cognito-auth/swagger';
import { LocalUserPool, type LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isInstalled, launch } from './chromium.js';
import { SwaggerPage } from './swagger-page.js';

const pool = await LocalUserPool.create({
  // The same before and after it listens.
  issuer: 'https://issuer.invalid/local',
  users: [{ username: 'alice', password: 'alice-password', groups: ['admin'] }],
});

@Controller('admin')
class AdminController {
  @Get() @Groups('admin') read() {
    return { secret: true };
  }
}

@Module({
  imports: [CognitoAuthModule.forRoot(pool.options())],
  controllers: [AdminController],
})
class AppModule {}

const ADAPTERS = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() };

describe.runIf(isInstalled()).each(['express', 'fastify'] as const)(
  'A Swagger page elsewhere on %s',
  (adapter) => {
    let browser: Browser;
    let userPool: LocalUserPoolServer;
    let app: INestApplication;
    let closeProxy: (() => void) | undefined;

    beforeAll(async () => {
      browser = await launch();
      userPool = await pool.listen();
    });

    afterAll(async () => {
      await browser?.close();
      await userPool?.close();
    });

    beforeEach(async () => {
      app = await NestFactory.create(AppModule, ADAPTERS[adapter](), { logger: false });
    });

    afterEach(async () => {
      closeProxy?.();
      await app.close();
    });

    const listen = async (): Promise<string> => {
      await app.listen(0, '127.0.0.1');
      return app.getUrl();
    };

    const setup = (basePath = '') =>
      setupCognitoSwagger(app, 'docs', new DocumentBuilder().addServer(basePath || '/'), {
        hostedUi: {
          domain: userPool.domain,
          clientId: pool.clientId,
          scopes: ['openid', 'email'],
        },
        setupOptions: { useGlobalPrefix: true },
      });

    const statusAfterSignIn = async (url: string, path: string): Promise<number> => {
      const swagger = await SwaggerPage.open(browser, url);
      await swagger.signIn('alice');
      const status = await swagger.tryOut(path);
      await swagger.close();
      return status;
    };

    it('signs in below a global prefix', async () => {
      app.setGlobalPrefix('api');
      setup();

      expect(await statusAfterSignIn(`${await listen()}/api/docs`, '/api/admin')).toBe(200);
    });

    it('signs in behind a proxy that puts the API below a path', async () => {
      setup('/gateway');
      const proxy = await startProxy('/gateway', await listen());
      closeProxy = proxy.close;

      expect(await statusAfterSignIn(`${proxy.url}/gateway/docs`, '/admin')).toBe(200);
    });

    it('signs in with a content security policy that allows no inline script', async () => {
      const policy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
        `connect-src 'self' ${userPool.domain}`;
      app.use((_request: unknown, response: ServerResponse, next: () => void) => {
        response.setHeader('Content-Security-Policy', policy);
        next();
      });
      setup();

      expect(await statusAfterSignIn(`${await listen()}/docs`, '/admin')).toBe(200);
    });
  },
);

/** Passes on what comes below a path, without that path, as a reverse proxy does. */
async function startProxy(path: string, target: string) {
  const proxy = createServer((incoming, outgoing) => {
    const { method, headers, url = '' } = incoming;
    if (!url.startsWith(`${path}/`)) return outgoing.writeHead(404).end();
    const passedOn = request(target + url.slice(path.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    return incoming.pipe(passedOn);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void proxy.close() };
}
