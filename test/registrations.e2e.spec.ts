import { Controller, Get } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { CognitoAuthModule, CurrentUser, Groups } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { greetingOf, protectedBy } from './support/me.controller.js';
import { registeredStrategies } from './support/passport.js';
import { refusal } from './support/refusals.js';

const ALICE = greetingOf('alice');

let pool: LocalUserPool;
let other: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }];
  pool = await LocalUserPool.create({ users });
  other = await LocalUserPool.create({ users });
});

describe.each(ADAPTERS)('Several registrations on %s', (adapter) => {
  it('stay apart in two applications of one process', async () => {
    const first = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot(pool.options())));
    const second = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot(other.options())));
    expect(await send(first, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(second, '/me', other.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(first, '/me', other.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
    expect(await send(second, '/me', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('stay apart in two modules of one application', async () => {
    function featureOf(userPool: LocalUserPool, path: string): DynamicModule {
      @Controller(path)
      @Groups('admin')
      class FeatureController {
        @Get()
        whoAmI(@CurrentUser('username') username: string) {
          return { username };
        }
      }
      class FeatureModule {}
      const options = { ...userPool.options(), isGlobal: false };
      return {
        module: FeatureModule,
        imports: [CognitoAuthModule.forRoot(options)],
        controllers: [FeatureController],
      };
    }
    const imports = [featureOf(pool, 'staff'), featureOf(other, 'customers')];
    const app = await startApp(adapter, { imports });
    expect(await send(app, '/staff', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/customers', other.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/staff', other.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
    expect(await send(app, '/customers', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('have a strategy of their own, which leaves Passport when their application closes', async () => {
    const before = registeredStrategies();
    const module = CognitoAuthModule.forRoot(pool.options());
    const first = await createApp(adapter, protectedBy(module));
    const [strategyOfFirst, ...rest] = registeredStrategies().filter(
      (name) => !before.includes(name),
    );
    expect(strategyOfFirst).toBeDefined();
    expect(rest).toEqual([]);

    const second = await createApp(adapter, protectedBy(module));
    expect(registeredStrategies()).toHaveLength(before.length + 2);
    await first.close();
    expect(registeredStrategies()).toHaveLength(before.length + 1);
    expect(registeredStrategies()).not.toContain(strategyOfFirst);
    expect(await send(second, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    await second.close();
    expect(registeredStrategies()).toEqual(before);
  });
});
