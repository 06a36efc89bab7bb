import { describe, expect, it } from 'vitest';
import { LocalPool } from './local-pool.js';
import { signInOf } from './sign-in.js';

const URL = 'http://localhost:3000';
const hostedUi = {
  domain: 'https://example.auth.eu-west-1.amazoncognito.com',
  clientId: '1h57kf5cpq17m0eml12EXAMPLE',
  clientSecret: 'a secret',
  scopes: ['openid'],
};

describe('The sign-in of the demo', () => {
  it('comes back to where the demo is', () => {
    expect(signInOf({ hostedUi }, URL).options).toEqual({
      ...hostedUi,
      redirectUri: 'http://localhost:3000/auth/callback',
      logoutUri: 'http://localhost:3000/',
    });
  });

  it('is that of the local user pool where there is one', async () => {
    const localPool = await LocalPool.create(3000);

    expect(signInOf({}, URL, localPool).options).toMatchObject({
      domain: 'http://localhost:9229',
      clientId: 'demo_browser',
    });
  });

  it('needs COGNITO_DOMAIN', () => {
    expect(signInOf({}, URL)).toEqual({
      obstacle: 'COGNITO_DOMAIN is not set to the domain of the user pool.',
    });
  });

  it('needs a demo that Cognito sends browsers back to', () => {
    expect(signInOf({ hostedUi }, 'http://192.0.2.1:3000')).toEqual({
      obstacle:
        'Cognito sends browsers back to this machine or to https:, and not to http://192.0.2.1:3000.',
    });
  });
});
