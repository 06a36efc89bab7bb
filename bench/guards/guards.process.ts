// A server with one route whose guards take turns; it says how long each of them takes.
import 'reflect-metadata';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CognitoAuthModule, CognitoGuard } from 'nestjs-cognito-auth';
import { type Adapter, httpAdapterOf } from '../http/adapters.js';
import { VerifierGuard } from '../http/verifier.guard.js';
import { reply, startArgument } from '../processes.js';
import { medianOf } from '../statistics.js';
import type { PoolSetup } from '../tokens/cognito.js';
import { awsJwtVerifier } from '../verifiers/aws-jwt-verify.js';
import { bareVerifier } from '../verifiers/bare.js';
import { cognitoAuthOptions } from '../verifiers/cognito-auth.js';

export interface GuardsSetup {
  readonly adapter: Adapter;
  readonly pool: PoolSetup;
}

const { adapter, pool } = startArgument() as GuardsSetup;

interface Timed {
  readonly guard: CanActivate;
  /** In microseconds. */
  times: number[];
}

class TurnsGuard implements CanActivate {
  private readonly guards = new Map<string, Timed>();
  private turn = 0;

  add(name: string, guard: CanActivate): void {
    this.guards.set(name, { guard, times: [] });
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { guard, times } = this.next();
    const start = performance.now();
    const answer = guard.canActivate(context);
    // To wait for what is no promise would take time, too.
    const isAdmitted = answer instanceof Promise ? await answer : answer;
    times.push((performance.now() - start) * 1000);
    return isAdmitted === true;
  }

  /** The time in the middle since the last call, by the name of the guard. */
  times(): Record<string, number> {
    const times = [...this.guards].map(([name, timed]) => [name, medianOf(timed.times)] as const);
    for (const timed of this.guards.values()) timed.times = [];
    return Object.fromEntries(times);
  }

  private next(): Timed {
    const guards = [...this.guards.values()];
    this.turn += 1;
    return guards[this.turn % guards.length]!;
  }
}

const turns = new TurnsGuard();

@Controller()
class OrdersController {
  @Get('orders')
  @UseGuards(turns)
  list() {
    return [{ id: 1, status: 'paid' }];
  }

  @Get('times')
  times() {
    return turns.times();
  }
}

// With three guards in turns each has a third of the new tokens, fewer than the usual cache holds.
const auth = CognitoAuthModule.forRoot({
  ...cognitoAuthOptions(pool),
  tokenCache: { maxEntries: 1000 },
});

@Module({ imports: [auth], controllers: [OrdersController] })
class AppModule {}

const app = await NestFactory.create(AppModule, await httpAdapterOf(adapter), {
  logger: ['error', 'warn'],
});
turns.add('crypto.verify alone', new VerifierGuard(bareVerifier(pool)));
turns.add('CognitoGuard', app.get(CognitoGuard));
turns.add('aws-jwt-verify', new VerifierGuard(awsJwtVerifier(pool)));
await app.listen(0, '127.0.0.1');
reply(`http://127.0.0.1:${app.getHttpServer().address().port}`);
