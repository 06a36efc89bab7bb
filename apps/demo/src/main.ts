import { bannerOf } from './banner.js';
import { configurationOf } from './configuration.js';
import { startDemo } from './demo.js';
import { failWith } from './setup-error.js';

try {
  console.log(bannerOf(await startDemo(configurationOf(process.env))));
} catch (error) {
  failWith(error);
}
