import { Controller, Get, Inject, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { CognitoAuthModule, CognitoGuard, Principal } from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from './support/app.js';
import { refusal } from './support/refusals.js';

/** Admits whoever has the key, and says no to everybody else. */
@Injectable()
class ApiKeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    return headers['x-api-key'] === 'secret';
  }
}

abstract class Composed implements CanActivate {
  constructor(
    @Inject(CognitoGuard) protected readonly cognito: CanActivate,
    @Inject(ApiKeyGuard) protected readonly apiKey: CanActivate,
  ) {}

  abstract canActivate(context: ExecutionContext): Promise<boolean>;
}

/** In turn, each awaited in its `try`. */
@Injectable()
class InTurnGuard extends Composed {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    let refused: unknown;
    for (const guard of [this.cognito, this.apiKey]) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next one only when this one refuses
        if (await guard.canActivate(context)) return true;
      } catch (error) {
        refused ??= error;
      }
    }
    throw refused;
  }
}

/** Side by side, and the first one that admits counts. */
@Injectable()
class SideBySideGuard extends Composed {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const asking = [this.cognito, this.apiKey].map((guard) =>
      Promise.resolve()
        .then(() => guard.canActivate(context))
        .then((admits) => admits === true || Promise.reject(new Error('refused'))),
    );
    return Promise.any(asking).catch(({ errors }: AggregateError) => {
      throw errors[0];
    });
  }
}

/** Whoever does not wait. */
@Injectable()
class HastyGuard extends Composed {
  canActivate(context: ExecutionContext): Promise<boolean> {
    const admitted = Boolean(this.cognito.canActivate(context));
    return Promise.resolve(admitted);
  }
}

@Controller()
class OrdersController {
  @Get('in-turn')
  @UseGuards(InTurnGuard)
  inTurn(@Principal() principal?: CognitoPrincipal) {
    return { kind: principal?.kind ?? 'key' };
  }

  @Get('side-by-side')
  @UseGuards(SideBySideGuard)
  sideBySide(@Principal() principal?: CognitoPrincipal) {
    return { kind: principal?.kind ?? 'key' };
  }

  @Get('hasty')
  @UseGuards(HastyGuard)
  hasty() {
    return {};
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
});

describe.each(ADAPTERS)('A guard that asks CognitoGuard or another one on %s', (adapter) => {
  const start = () =>
    startApp(adapter, {
      imports: [CognitoAuthModule.forRoot(pool.options())],
      controllers: [OrdersController],
      providers: [ApiKeyGuard],
    });

  describe.each(['/in-turn', '/side-by-side'])('%s', (path) => {
    it('admits whom either admits, a new token and a remembered one', async () => {
      const app = await start();
      const token = pool.accessToken('alice');
      for (let sent = 0; sent < 3; sent += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await send(app, path, token)).toMatchObject({ status: 200, body: { kind: 'user' } });
      }
      const headers = { 'x-api-key': 'secret' };
      for (const bad of [undefined, 'x.y.z', pool.forgedToken()]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await send(app, path, bad, { headers })).toMatchObject({
          status: 200,
          body: { kind: 'key' },
        });
      }
    });

    it('refuses whom both refuse, with the answer of CognitoGuard', async () => {
      const app = await start();
      expect(await send(app, path)).toMatchObject(refusal('missing_token'));
      expect(await send(app, path, 'x.y.z')).toMatchObject(refusal('malformed_token'));
      expect(await send(app, path, pool.forgedToken())).toMatchObject(refusal('invalid_signature'));
    });
  });

  it('lets nobody in that is refused, even if it does not wait', async () => {
    const app = await start();
    expect(await send(app, '/hasty', 'x.y.z')).toMatchObject(refusal('malformed_token'));
    expect(await send(app, '/hasty')).toMatchObject(refusal('missing_token'));
  });
});
