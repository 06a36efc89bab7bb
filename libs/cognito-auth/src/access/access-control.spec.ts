import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Module } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { CognitoAuthModule } from '../cognito-auth.module.js';
import { AccessControl } from './access-control.js';
import type { AccessRules } from './access-rules.js';
import { principalOfRequest } from './authentication.js';
import type { AccessCheck } from './hooks.js';

let pool: LocalUserPool;
let asked: string[];

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }, { username: 'bob' }] });
});

beforeEach(() => {
  asked = [];
});

/** A hook that notes that it was asked. */
function noting<T>(name: string, answer: T) {
  return () => {
    asked.push(name);
    return answer;
  };
}

async function accessControl(providers: Type[] = []): Promise<AccessControl> {
  const options = {
    ...pool.options(),
    identity: { useValue: { resolve: noting('identity', { id: 1 }) } },
    groups: { useValue: { groupsOf: noting('groups', []) } },
    permissions: { useValue: { permissionsOf: noting('permissions', ['a']) } },
    revocation: {
      useValue: {
        isRevoked: noting('revocation', Promise.resolve(false)),
        revoke: async () => undefined,
      },
    },
  };
  @Module({ imports: [CognitoAuthModule.forRoot(options)], providers })
  class AppModule {}
  const context = await NestFactory.createApplicationContext(AppModule, {
    logger: false,
    abortOnError: false,
  });
  onTestFinished(() => context.close());
  return context.get(AccessControl);
}

function createRequest(): object {
  const authorization = `Bearer ${pool.accessToken('alice')}`;
  return { headers: { authorization }, rawHeaders: ['authorization', authorization] };
}

/** One call of a handler; all its guards get the same context. */
function callWith(request: object): ExecutionContextHost {
  return new ExecutionContextHost([request, { header() {} }]);
}

const policy = () => {
  asked.push('check');
  return true;
};
const RULES: AccessRules = { mode: 'required', permissions: ['a'], checks: [{ policy }] };

describe('AccessControl', () => {
  it('asks the hooks once per request and the checks once per call of a handler', async () => {
    const access = await accessControl();
    const request = createRequest();
    // As one request of GraphQL calls several resolvers.
    for (const call of [callWith(request), callWith(request)]) {
      expect(await access.admit(call, RULES)).toBe(true);
      expect(await access.admit(call, RULES)).toBe(true);
    }
    expect(asked.splice(0)).toEqual([
      'revocation',
      'groups',
      'identity',
      'permissions',
      'check',
      'check',
    ]);
    await access.admit(callWith(createRequest()), RULES);
    expect(asked).toEqual(['revocation', 'groups', 'identity', 'permissions', 'check']);
  });

  it('asks the hooks once for guards that run at the same time', async () => {
    const access = await accessControl();
    const call = callWith(createRequest());
    await Promise.all([access.admit(call, RULES), access.admit(call, RULES)]);
    expect(asked).toEqual(['revocation', 'groups', 'identity', 'permissions', 'check']);
  });

  it.each([
    ['both know their raw headers', ['authorization', 'Bearer …']],
    ['none knows its raw headers', undefined],
  ])('tells a request from one that is made out of it, when %s', async (_when, rawHeaders) => {
    const module = CognitoAuthModule.forRoot(pool.options());
    const app = await NestFactory.createApplicationContext(module, { logger: false });
    onTestFinished(() => app.close());
    const access = app.get(AccessControl);
    const requestOf = (username: string, prototype: object) => {
      const headers = { authorization: `Bearer ${pool.accessToken(username)}` };
      return Object.assign(Object.create(prototype) as { user?: unknown }, { headers });
    };
    const original = Object.assign(new IncomingMessage(new Socket()), { rawHeaders });
    const [alice, bob] = [requestOf('alice', original), requestOf('bob', original)];
    // The second time each finds its own record again.
    for (const request of [alice, bob, alice, bob]) {
      const context = callWith(request);
      expect(access.admit(context, { mode: 'required' })).toBe(true);
      const username = request === alice ? 'alice' : 'bob';
      expect(principalOfRequest(context)).toMatchObject({ username });
      expect(request.user).toMatchObject({ username });
    }
  });

  it('fails closed on rules that the boot did not check', async () => {
    const module = CognitoAuthModule.forRoot(pool.options());
    const context = await NestFactory.createApplicationContext(module, { logger: false });
    onTestFinished(() => context.close());
    class NeedsMore implements AccessCheck {
      check() {
        return true;
      }
    }
    Reflect.defineMetadata('design:paramtypes', [AccessControl, Map], NeedsMore);
    const access = context.get(AccessControl);
    const rules: AccessRules[] = [
      { mode: 'required', permissions: ['a'] },
      { mode: 'required', checks: [{ policy: NeedsMore }] },
    ];
    for (const rule of rules) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await expect(access.admit(callWith(createRequest()), rule)).rejects.toMatchObject({
        code: 'hook_failed',
      });
    }
  });
});
