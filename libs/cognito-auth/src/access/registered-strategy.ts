import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import passport from 'passport';
import type { Admission } from '../strategy/cognito.strategy.js';
import { keepResponses } from '../strategy/response-of.js';
import type { CognitoPrincipal } from '../token/principal.js';
import type { RequestLike } from '../transport/request-of.js';
import { AccessControl } from './access-control.js';
import { checkToken } from './access-rules.js';
import { recordAdmission } from './authentication.js';

/**
 * The strategy of one registration, known to Passport while its application runs.
 *
 * The guard does without it. At first the name stands for what loads the strategy with the first
 * request: passport-jwt would take a third of the time that the library adds to the boot.
 */
@Injectable()
export class RegisteredStrategy
  implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  /** Unique in the process. */
  readonly name = `cognito-auth:${randomUUID()}`;

  private strategy?: Promise<passport.Strategy>;

  constructor(
    @Inject(AccessControl) private readonly access: AccessControl,
    @Inject(HttpAdapterHost) private readonly host: HttpAdapterHost,
  ) {
    keepResponses(host.httpAdapter);
    // A testing module gets its server later, and Nest 11.0 does not say when.
    (host as Partial<HttpAdapterHost>).init$?.subscribe(() => keepResponses(host.httpAdapter));
  }

  onModuleInit(): void {
    keepResponses(this.host.httpAdapter);
  }

  /** Runs once nothing stops the boot any more. */
  onApplicationBootstrap(): void {
    const load = () => (this.strategy ??= this.create());
    passport.use(this.name, {
      authenticate(this: Running, request, options) {
        void handOver(this, load(), [request, options]);
      },
    });
  }

  /** Runs after the servers are closed, so that no request meets a missing strategy. */
  async onApplicationShutdown(): Promise<void> {
    await this.strategy?.catch(() => undefined);
    passport.unuse(this.name);
  }

  private async create(): Promise<passport.Strategy> {
    const { createCognitoStrategy } = await import('../strategy/cognito.strategy.js');
    return createCognitoStrategy(this.name, this.access.verifier, {
      admit: (admission) => this.admit(admission),
      refused: (error, token) => this.access.refusals.note(error, undefined, token),
    });
  }

  private async admit({ request, token, verified }: Admission): Promise<CognitoPrincipal> {
    checkToken(verified.principal, { mode: 'required' }, verified.pool.tokenUse);
    const principal = await this.access.currentPrincipalOf(verified.principal);
    recordAdmission(request as RequestLike, this.access.verifier, token, verified, principal);
    return principal;
  }
}

/** What Passport makes out of a strategy for one request: it has the actions to answer with. */
type Running = passport.StrategyCreated<passport.Strategy>;

async function handOver(
  running: Running,
  strategy: Promise<passport.Strategy>,
  request: Parameters<passport.Strategy['authenticate']>,
): Promise<void> {
  try {
    Object.setPrototypeOf(running, await strategy);
    running.authenticate(...request);
  } catch (error) {
    running.error(error);
  }
}
