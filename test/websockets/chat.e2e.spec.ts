import type { INestApplication } from '@nestjs/common';
import { CognitoAuthModule } from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MeController } from '../support/me.controller.js';
import { ADAPTERS, send } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { ChatGateway } from './chat.gateway.js';
import { connect, exception, PLATFORMS, refusing } from './client.js';
import { createSocketApp } from './socket-app.js';

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['moderator'] }, { username: 'bob' }],
    clients: [{ clientId: 'web' }, { clientId: 'other' }],
  });
  alice = pool.accessToken('alice', { clientId: 'web' });
  bob = pool.accessToken('bob', { clientId: 'web' });
});

const REFUSED: [string, (() => string) | undefined, CognitoAuthErrorCode][] = [
  ['no token', undefined, 'missing_token'],
  ['a forged one', () => pool.forgedToken({ clientId: 'web' }), 'invalid_signature'],
  [
    'an expired one',
    () => pool.accessToken('alice', { clientId: 'web', expiresIn: -1 }),
    'token_expired',
  ],
  ['one of another client', () => pool.accessToken('alice', { clientId: 'other' }), 'wrong_client'],
  ['an ID token', () => pool.idToken('alice', { clientId: 'web' }), 'wrong_token_use'],
  ['text that is none', () => 'garbage', 'malformed_token'],
  [
    'a huge one',
    () => `${'a'.repeat(6000)}.${'b'.repeat(6000)}.${'c'.repeat(2000)}`,
    'malformed_token',
  ],
  ['two in one header', () => 'a b', 'malformed_request'],
];

const SERVERS = PLATFORMS.flatMap((platform) => ADAPTERS.map((http) => [platform, http] as const));

describe.each(SERVERS)(
  'A gateway on %s, in an app on %s, with withCognitoAuth()',
  (platform, http) => {
    let app: INestApplication;

    beforeAll(async () => {
      const options = { ...pool.options(), clientId: 'web' };
      const metadata = {
        imports: [CognitoAuthModule.forRoot(options)],
        controllers: [MeController],
        providers: [ChatGateway],
      };
      app = await createSocketApp(platform, metadata, {}, http);
    });

    afterAll(() => app.close());

    it('serves a socket whose handshake has a good token', async () => {
      const client = await connect(platform, app, { token: alice });
      client.send('say', { line: 'hello' });
      expect(await client.said()).toEqual({
        event: 'said',
        data: { by: 'alice', text: { line: 'hello' } },
      });
      client.send('mute', { username: 'bob' });
      expect(await client.said()).toEqual({
        event: 'muted',
        data: { by: 'alice', username: 'bob' },
      });
    });

    it('refuses a message that the rules of its handler refuse, and goes on', async () => {
      const client = await connect(platform, app, { token: bob });
      client.send('mute', { username: 'alice' });
      expect(await client.said()).toEqual(exception('insufficient_group'));
      client.send('time');
      expect(await client.said()).toEqual({ event: 'time', data: { hour: 12 } });
    });

    it.each([['text'], [7], [0], [''], [false], [null], [undefined], [['a', 'b']]])(
      'tells who sent a message with the payload %j',
      async (text) => {
        const client = await connect(platform, app, { token: bob });
        client.send('say', text);
        expect(await client.said()).toEqual({ event: 'said', data: { by: 'bob', text } });
      },
    );

    it('shows the gateway whom a new socket speaks for', async () => {
      const { entered } = app.get(ChatGateway);
      entered.length = 0;
      const client = await connect(platform, app, { token: alice });
      client.send('time');
      await client.said();
      expect(entered).toEqual(['alice']);
    });

    it.each(REFUSED)('refuses a socket whose handshake has %s', async (_, token, code) => {
      const { entered } = app.get(ChatGateway);
      entered.length = 0;
      const client = await connect(platform, app, token && { token: token() });
      client.send('time');
      client.send('say', 'let me in');
      expect(await client.said()).toEqual(exception(code));
      expect(await client.ended).toEqual(refusing(platform, code));
      expect(entered).toEqual([]);
    });

    it('never mixes the callers of sockets that send at once', async () => {
      const one = await connect(platform, app, { token: alice });
      const other = await connect(platform, app, { token: bob });
      for (let count = 0; count < 50; count += 1) {
        one.send('say', count);
        other.send('say', count);
      }
      for (let count = 0; count < 50; count += 1) {
        expect(await one.said()).toEqual({ event: 'said', data: { by: 'alice', text: count } });
        expect(await other.said()).toEqual({ event: 'said', data: { by: 'bob', text: count } });
      }
    });

    it('serves HTTP in the same application', async () => {
      expect(await send(app, '/me', alice)).toMatchObject({ body: { username: 'alice' } });
      expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
    });
  },
);
