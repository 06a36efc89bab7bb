import { Controller, Get } from '@nestjs/common';
import type { INestApplication, LoggerService } from '@nestjs/common';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { NestFactory } from '@nestjs/core';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
} from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';

/** What a client gets to see of an answer. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly challenge: string | null;
  readonly retryAfter: string | null;
}

@Controller()
class MeController {
  @Get('me')
  @Authenticated()
  me(@CurrentUser('username') username: string) {
    return { username };
  }
}

/** A Nest application with one protected route, on a port of its own. */
export class Api {
  private readonly agent = new Agent({ keepAlive: true });

  private constructor(
    private readonly app: INestApplication,
    private readonly url: string,
  ) {}

  /** Boots the application; rejects when the boot fails. */
  static async start(
    options: CognitoAuthOptions,
    logger: LoggerService | false = false,
  ): Promise<Api> {
    class ApiModule {}
    const app = await NestFactory.create<INestApplication<Server>>(
      {
        module: ApiModule,
        imports: [CognitoAuthModule.forRoot(options)],
        controllers: [MeController],
      },
      { logger, abortOnError: false },
    );
    // A connection that the server gives up just when it is used again would look like a fault.
    app.getHttpServer().keepAliveTimeout = 0;
    try {
      await app.listen(0, '127.0.0.1');
    } catch (error) {
      await app.close();
      throw error;
    }
    return new Api(app, await app.getUrl());
  }

  get service(): CognitoAuthService {
    return this.app.get(CognitoAuthService);
  }

  /** Asks for the protected route with this token. */
  async get(token: string): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}` };
    // A client of its own, so that the library has the connections of fetch to itself.
    const sent = request(`${this.url}/me`, { agent: this.agent, headers }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return {
      status: response.statusCode ?? 0,
      body: (await json(response)) as Answer['body'],
      challenge: response.headers['www-authenticate'] ?? null,
      retryAfter: response.headers['retry-after'] ?? null,
    };
  }

  close(): Promise<void> {
    this.agent.destroy();
    return this.app.close();
  }
}
