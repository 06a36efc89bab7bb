// Boots an application, empty or with the module, and says how many milliseconds that took.
import { reply, startArgument } from '../processes.js';
import type { PoolSetup } from '../tokens/cognito.js';

export interface BootSetup {
  readonly isGuarded: boolean;
  readonly pool: PoolSetup;
}

class AppModule {}

const { isGuarded, pool } = startArgument() as BootSetup;
const begin = performance.now();
await import('reflect-metadata');
const { NestFactory } = await import('@nestjs/core');
const imports = isGuarded ? [await guardModule()] : [];
const app = await NestFactory.create({ module: AppModule, imports }, { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
reply(performance.now() - begin);

async function guardModule() {
  const { CognitoAuthModule } = await import('nestjs-cognito-auth');
  const { userPoolId, clientId, jwksUri } = pool;
  return CognitoAuthModule.forRoot({
    userPoolId,
    clientId,
    jwksUri,
    keys: { preload: 'background' },
  });
}
