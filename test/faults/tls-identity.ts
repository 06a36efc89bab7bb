import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const fixture = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const path = fixture('./localhost.test-certificate.pem');

/** A certificate for localhost and for no other name, which signed itself. */
export const identity = {
  path,
  cert: readFileSync(path, 'utf8'),
  key: readFileSync(fixture('./localhost.test-key.pem'), 'utf8'),
};
