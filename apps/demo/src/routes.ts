import { CognitoAuthService } from 'nestjs-cognito-auth';
import { urlOf } from './api-address.js';
import { configurationOf } from './configuration.js';
import { createApp } from './create-app.js';
import { LocalPool } from './local-pool.js';
import { routeTable } from './route-table.js';
import { failWith } from './setup-error.js';

// Prints who may call what. Nothing listens, and no database starts.
try {
  const configuration = configurationOf(process.env);
  const { userPoolId, host, port } = configuration;
  const localPool = userPoolId ? undefined : await LocalPool.create(port);
  const app = await createApp(configuration, urlOf(host, port), localPool);
  console.log(routeTable(app.get(CognitoAuthService).routes()));
  await app.close();
} catch (error) {
  failWith(error);
}
