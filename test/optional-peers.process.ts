import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { CognitoAuthModule } from 'nestjs-cognito-auth';
import { createApp, send } from './support/app.js';
import { MeController } from './support/me.controller.js';

/** What a process without the optional peers found out. */
export interface Findings {
  /** The status of a request with a token, and of one without. */
  readonly statuses: readonly number[];
  /** Those that could be loaded, though they should not be there. */
  readonly loadable: readonly string[];
}

const peers = process.argv.slice(3);
const attempts = await Promise.allSettled(peers.map((peer) => import(peer)));
const pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
const module = CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true });
const app = await createApp('express', { imports: [module], controllers: [MeController] });
const answers = [await send(app, '/me', pool.accessToken('alice')), await send(app, '/me')];
await app.close();
const findings: Findings = {
  statuses: answers.map(({ status }) => status),
  loadable: peers.filter((_, index) => attempts[index]?.status === 'fulfilled'),
};
process.send?.(findings);
