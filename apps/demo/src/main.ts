import { CognitoAuthOptionsError } from 'nestjs-cognito-auth';
import { bannerOf } from './banner.js';
import { configurationOf } from './configuration.js';
import { startDemo } from './demo.js';
import { SetupError } from './setup-error.js';

try {
  console.log(bannerOf(await startDemo(configurationOf(process.env))));
} catch (error) {
  const isForTheReader = error instanceof SetupError || error instanceof CognitoAuthOptionsError;
  console.error(isForTheReader ? error.message : error);
  process.exitCode = 1;
}
