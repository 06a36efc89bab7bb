import { CognitoAuthService } from 'nestjs-cognito-auth';
import { configurationOf } from './configuration.js';
import { createApp } from './create-app.js';
import { LocalPool } from './local-pool.js';
import { routeTable } from './route-table.js';
import { failWith } from './setup-error.js';

// Prints who may call what. Nothing listens, and no database starts.
try {
  const { adapter, userPoolId } = configurationOf(process.env);
  const app = await createApp(adapter, userPoolId ? undefined : await LocalPool.create());
  console.log(routeTable(app.get(CognitoAuthService).routes()));
  await app.close();
} catch (error) {
  failWith(error);
}
