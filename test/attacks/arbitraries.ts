import * as fc from 'fast-check';
import { UPDATED_ISSUER, WEB } from './names.js';

/** Changes to a header. */
export const headerChanges = () => membersOf(MEMBERS_OF_HEADERS);

/** Changes to the claims of a token. */
export const claimChanges = () => membersOf(CLAIMS);

const MEMBERS_OF_HEADERS = [
  'alg',
  'kid',
  'typ',
  'cty',
  'crit',
  'b64',
  'jwk',
  'jku',
  'zip',
  '__proto__',
];

const CLAIMS = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'auth_time',
  'token_use',
  'client_id',
  'username',
  'cognito:username',
  'cognito:groups',
  'scope',
  'origin_jti',
  'device_key',
  'custom:a',
  '__proto__',
  'constructor',
  'toString',
  'then',
];

const INTERESTING = [
  null,
  '',
  'access',
  'id',
  'RS256',
  'none',
  'JWT',
  'at+jwt',
  0,
  -1,
  1,
  4_102_444_800,
  1e300,
  [],
  ['admin'],
  {},
  WEB,
  [WEB],
  UPDATED_ISSUER,
];

/** Some members of an object, with values that are likely, or any. */
function membersOf(names: readonly string[]) {
  return fc.dictionary(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, fc.string()),
    fc.oneof(fc.constantFrom<unknown>(...INTERESTING), fc.jsonValue({ maxDepth: 3 })),
    { maxKeys: 4, noNullPrototype: false },
  );
}

/** Bytes, one character for each, that do not end the header. */
export const headerBytes = () =>
  fc.uint8Array({ maxLength: 300 }).map((bytes) =>
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/[\r\n]/g, '.'),
  );
