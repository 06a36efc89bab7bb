import { All, Controller, Get, Inject } from '@nestjs/common';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  Authenticated,
  ClientsOnly,
  CognitoAuthModule,
  CurrentUser,
  Groups,
  OptionalAuth,
  Principal,
  Public,
  Scopes,
  TokenUse,
  UsersOnly,
} from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';

/** The two frameworks below Nest. */
export type Platform = 'express' | 'fastify';

/** What a handler was given when it was reached. */
interface Visit {
  readonly principal: unknown;
  readonly user: unknown;
}

/** An application that is being attacked. */
export interface AttackedApp {
  readonly port: number;
  /** Every time a handler was reached. */
  readonly visits: readonly Visit[];
  readonly close: () => Promise<void>;
}

interface AppSetup {
  readonly options: CognitoAuthOptions;
  readonly log: LoggerService;
  readonly platform: Platform;
  readonly maxHeaderSize?: number;
}

/** Bytes of the largest body that is read: tokens in a body may be larger than any header. */
const BODY_LIMIT = 4_000_000;

const VISITS = Symbol('visits');

@Controller()
class AttackedController {
  constructor(@Inject(VISITS) private readonly visits: Visit[]) {}

  @All('any')
  @Authenticated()
  any(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @All('admin')
  @Groups('admin')
  admin(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @Get('constructors')
  @Groups('constructor', '__proto__', 'toString')
  constructors(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @Get('orders')
  @Scopes('orders/read')
  orders(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @Get('profile')
  @TokenUse('id')
  profile(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @Get('machines')
  @ClientsOnly()
  machines(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @Get('people')
  @UsersOnly()
  people(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @All('optional')
  @OptionalAuth()
  optional(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  @All('public')
  @Public()
  public(@Principal() principal: unknown, @CurrentUser() user: unknown) {
    return this.enter(principal, user);
  }

  private enter(principal: unknown, user: unknown) {
    this.visits.push({ principal, user });
    return { reached: true };
  }
}

/** Boots the application on a free port of this machine. */
export async function bootAttackedApp(setup: AppSetup): Promise<AttackedApp> {
  const visits: Visit[] = [];
  const module: DynamicModule = {
    module: class AttackedModule {},
    imports: [CognitoAuthModule.forRoot(setup.options)],
    controllers: [AttackedController],
    providers: [{ provide: VISITS, useValue: visits }],
  };
  const app = await NestFactory.create<NestExpressApplication>(module, adapterOf(setup), {
    logger: setup.log,
    abortOnError: false,
  });
  if (setup.platform === 'express') app.useBodyParser('json', { limit: BODY_LIMIT });
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { port, visits, close: () => app.close() };
}

function adapterOf({ platform, maxHeaderSize }: AppSetup): ExpressAdapter | FastifyAdapter {
  if (platform === 'fastify')
    return new FastifyAdapter({ http: { maxHeaderSize }, bodyLimit: BODY_LIMIT });
  return maxHeaderSize === undefined ? new ExpressAdapter() : new RoomyExpress(maxHeaderSize);
}

/** Express behind a server that reads longer headers than Node does by default. */
class RoomyExpress extends ExpressAdapter {
  constructor(private readonly maxHeaderSize: number) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = createServer({ maxHeaderSize: this.maxHeaderSize }, this.getInstance());
  }
}
