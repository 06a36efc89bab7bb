import { describe, expect, it } from 'vitest';
import { configurationOf } from './configuration.js';

const USER_POOL = {
  COGNITO_USER_POOL_ID: 'eu-west-1_AbCdEf123',
  COGNITO_CLIENT_ID: '1h57kf5cpq17m0eml12EXAMPLE',
};

describe('The configuration of the demo', () => {
  it.each([{}, { PORT: '', DEMO_ADAPTER: ' ', COGNITO_USER_POOL_ID: '' }])(
    'is complete without a variable that says something: %o',
    (environment) => {
      expect(configurationOf(environment)).toEqual({
        adapter: 'express',
        host: '127.0.0.1',
        port: 3000,
        poolPort: 9229,
        userPoolId: undefined,
      });
    },
  );

  it('takes adapter, host and ports from the environment', () => {
    const environment = {
      DEMO_ADAPTER: 'fastify',
      DEMO_HOST: '0.0.0.0',
      PORT: '8080',
      DEMO_POOL_PORT: '0',
    };

    expect(configurationOf(environment)).toEqual({
      adapter: 'fastify',
      host: '0.0.0.0',
      port: 8080,
      poolPort: 0,
      userPoolId: undefined,
    });
  });

  it('takes the user pool from the environment', () => {
    expect(configurationOf(USER_POOL)).toMatchObject({ userPoolId: 'eu-west-1_AbCdEf123' });
  });

  it('takes the sign-in page of the user pool from the environment', () => {
    const domain = 'https://example.auth.eu-west-1.amazoncognito.com';
    const environment = { ...USER_POOL, COGNITO_CLIENT_ID: 'web, worker', COGNITO_DOMAIN: domain };

    expect(configurationOf(environment).hostedUi).toEqual({
      domain,
      clientId: 'web',
      scopes: ['openid', 'email', 'profile'],
    });
  });

  it('takes the secret of the app client from the environment', () => {
    const environment = { ...USER_POOL, COGNITO_DOMAIN: 'a', COGNITO_CLIENT_SECRET: ' secret ' };

    expect(configurationOf(environment).hostedUi).toMatchObject({ clientSecret: 'secret' });
  });

  it.each([
    ['PORT', 'abc'],
    ['PORT', '65536'],
    ['PORT', '3000.5'],
    ['PORT', '0x10'],
    ['DEMO_POOL_PORT', '-1'],
  ])('refuses %s=%s', (variable, value) => {
    expect(() => configurationOf({ [variable]: value })).toThrow(
      `${variable} must be a port, a whole number from 0 to 65535, got "${value}".`,
    );
  });

  it('refuses an adapter that it does not know', () => {
    expect(() => configurationOf({ DEMO_ADAPTER: 'koa' })).toThrow(
      'DEMO_ADAPTER must be express or fastify, got "koa".',
    );
  });

  it.each([
    [{ COGNITO_USER_POOL_ID: 'a' }, 'COGNITO_USER_POOL_ID is set without COGNITO_CLIENT_ID: '],
    [{ COGNITO_CLIENT_ID: 'a' }, 'COGNITO_CLIENT_ID is set without COGNITO_USER_POOL_ID: '],
    [
      { COGNITO_ISSUER: 'a' },
      'COGNITO_ISSUER is set without COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID: ',
    ],
    [
      { COGNITO_CLIENT_SECRET: 'a' },
      'COGNITO_CLIENT_SECRET is set without COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID: ',
    ],
    [
      { COGNITO_TOKEN_USE: 'id' },
      'COGNITO_TOKEN_USE is set without COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID: ',
    ],
  ])('refuses half a user pool: %o', (environment, problem) => {
    expect(() => configurationOf(environment)).toThrow(
      `${problem}set COGNITO_USER_POOL_ID and COGNITO_CLIENT_ID to use a user pool of yours, or no COGNITO_ variable to use the local one.`,
    );
  });
});
