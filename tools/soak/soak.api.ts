import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { json } from 'node:stream/consumers';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { SoakModule } from './soak.module.js';

/** What comes back. */
export interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly username?: string };
}

/** A Nest application on Express, and its client. */
export class SoakApi {
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    private readonly app: INestApplication<Server>,
    private readonly url: string,
  ) {}

  static async start(options: CognitoAuthOptions): Promise<SoakApi> {
    const app = await NestFactory.create<INestApplication<Server>>(SoakModule.with(options), {
      logger: ['error', 'warn'],
    });
    // A connection that the server gives up just when it is used again would look like a fault.
    app.getHttpServer().keepAliveTimeout = 0;
    await app.listen(0, '127.0.0.1');
    return new SoakApi(app, `${await app.getUrl()}/me`);
  }

  /** Sends a request with this token, or without one. */
  async get(token: string | undefined): Promise<Answer> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const sent = request(this.url, { agent: this.agent, headers }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: (await json(response)) as Answer['body'] };
  }

  async close(): Promise<void> {
    this.agent.destroy();
    await this.app.close();
  }
}
