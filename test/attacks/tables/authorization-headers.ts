import { accepted, numbered, refused, refusedByNode } from '../attack.js';
import type { Attack, Unnumbered } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { authorization, lines } from './carried.js';
import { MARKER } from '../names.js';

const MISSING = refused('missing_token');
const MALFORMED = refused('malformed_request');
const ACCEPTED = accepted({ username: 'mallory' });

const forged = (kit: AttackKit) => kit.pool.forgedToken();

const severalHeaders: readonly Unnumbered[] = [
  lines(
    'the same token in two Authorization headers',
    (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
    MALFORMED,
  ),
  lines(
    'a genuine and a forged token in two Authorization headers',
    (token, kit) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${forged(kit)}`],
    MALFORMED,
  ),
  lines(
    'a forged and a genuine token in two Authorization headers',
    (token, kit) => [`Authorization: Bearer ${forged(kit)}`, `Authorization: Bearer ${token}`],
    MALFORMED,
  ),
  lines(
    'Basic and Bearer in two Authorization headers',
    (token) => ['Authorization: Basic YTpi', `Authorization: Bearer ${token}`],
    MALFORMED,
  ),
  lines(
    'Bearer and Basic in two Authorization headers',
    (token) => [`Authorization: Bearer ${token}`, 'Authorization: Basic YTpi'],
    MALFORMED,
  ),
  lines(
    'two Authorization headers whose names differ in case',
    (token) => [`authorization: Bearer ${token}`, `AUTHORIZATION: Bearer ${token}`],
    MALFORMED,
  ),
  lines(
    'an empty and a good Authorization header',
    (token) => ['Authorization:', `Authorization: Bearer ${token}`],
    MALFORMED,
  ),
  lines(
    'a hundred Authorization headers',
    () => Array.from({ length: 100 }, () => `Authorization: Bearer ${MARKER}`),
    MALFORMED,
  ),
];

const values: readonly Unnumbered[] = [
  ...authorization(MALFORMED, {
    'two tokens in one header': (token) => `Bearer ${token} ${token}`,
    'two tokens with a comma': (token) => `Bearer ${token},${token}`,
    'two tokens with a comma and a space': (token) => `Bearer ${token}, ${token}`,
    'two credentials with a comma': (token) => `Bearer ${token}, Bearer ${token}`,
    'Bearer and Basic with a comma': (token) => `Bearer ${token}, Basic YTpi`,
    'two tokens with a semicolon': (token) => `Bearer ${token};${token}`,
    'a scheme alone': () => 'Bearer',
    'a scheme twice': (token) => `Bearer Bearer ${token}`,
    'a token that is glued to the scheme': (token) => `Bearer${token}`,
    'a colon behind the scheme': (token) => `Bearer: ${token}`,
    'an equals sign behind the scheme': (token) => `Bearer=${token}`,
    'a tab behind the scheme': (token) => `Bearer\t${token}`,
    'a space and a tab behind the scheme': (token) => `Bearer \t${token}`,
    'a no-break space behind the scheme': (token) => `Bearer\u00a0${token}`,
    'a no-break space behind the token': (token) => `Bearer ${token}\u00a0`,
    'a no-break space behind the scheme and its space': (token) => `Bearer \u00a0${token}`,
    'text behind the token': (token) => `Bearer ${token} x`,
    'a parameter behind the token': (token) => `Bearer ${token}, realm="x"`,
    'a semicolon behind the token': (token) => `Bearer ${token};`,
    'a tab and text behind the token': (token) => `Bearer ${token}\tx`,
    'double quotes around the token': (token) => `Bearer "${token}"`,
    'single quotes around the token': (token) => `Bearer '${token}'`,
    'angle brackets around the token': (token) => `Bearer <${token}>`,
    'braces around the token': (token) => `Bearer {${token}}`,
    'a token in percent-encoding': (token) => `Bearer ${token.replace('.', '%2E')}`,
    'UTF-8 in the token': (token) => `Bearer ${token.replace('.', '\u00c3\u00a4.')}`,
    'padding in the middle of the token': (token) => `Bearer ${token.replace('.', '==.')}`,
  }),
  ...authorization([MALFORMED, MISSING], {
    'a token without a scheme': (token) => token,
    'a token in double quotes without a scheme': (token) => `"${token}"`,
    'an equals sign for a scheme': () => '= x',
    'a comma in front of the scheme': (token) => `, Bearer ${token}`,
    'a scheme in quotes': (token) => `"Bearer" ${token}`,
    'an empty header': () => '',
    'spaces only': () => '   ',
  }),
  ...authorization(MISSING, {
    'Basic credentials': () => 'Basic YWxpY2U6c2VjcmV0',
    'Digest credentials': () => 'Digest username="alice", realm="api", nonce="x", response="y"',
    'the scheme Token': (token) => `Token ${token}`,
    'the scheme JWT': (token) => `JWT ${token}`,
    'the scheme DPoP': (token) => `DPoP ${token}`,
    'the scheme Bearer2': (token) => `Bearer2 ${token}`,
    'the scheme X-Bearer': (token) => `X-Bearer ${token}`,
  }),
  ...authorization(refused('malformed_token'), {
    'padding behind the token': (token) => `Bearer ${token}==`,
    'a plus sign in the token': (token) => `Bearer ${token}+`,
    'a slash in the token': (token) => `Bearer ${token}/`,
    'a token of one letter': () => 'Bearer a',
    'the text undefined': () => 'Bearer undefined',
    'the text null': () => 'Bearer null',
  }),
  ...authorization(ACCEPTED, {
    'the scheme bearer': (token) => `bearer ${token}`,
    'the scheme BEARER': (token) => `BEARER ${token}`,
    'the scheme bEaReR': (token) => `bEaReR ${token}`,
    'spaces behind the token, which are not part of the header': (token) => `Bearer ${token}   `,
    'spaces in front of the scheme, which are not part of the header': (token) =>
      `   Bearer ${token}`,
  }),
  ...authorization([ACCEPTED, MALFORMED], {
    'two spaces behind the scheme': (token) => `Bearer  ${token}`,
    'many spaces behind the scheme': (token) => `Bearer${' '.repeat(1_000)}${token}`,
  }),
];

const names: readonly Unnumbered[] = [
  ...['authorization', 'AUTHORIZATION', 'aUtHoRiZaTiOn'].map((name) =>
    lines(`the header name ${name}`, (token) => [`${name}: Bearer ${token}`], ACCEPTED),
  ),
  lines('no space behind the header name', (token) => [`Authorization:Bearer ${token}`], ACCEPTED),
  lines('no header at all', () => [], MISSING),
  ...[
    'Proxy-Authorization',
    'X-Authorization',
    'X-Forwarded-Authorization',
    'X-Access-Token',
    'X-Amzn-Oidc-Accesstoken',
    'Authentication',
    'Authorizatio',
    'Authorization2',
    'Bearer',
  ].map((name) => lines(`the header ${name}`, (token) => [`${name}: Bearer ${token}`], MISSING)),
  lines(
    'a space in front of the colon',
    (token) => [`Authorization : Bearer ${token}`],
    refusedByNode(400),
  ),
  lines(
    'NUL in the header',
    (token) => [`Authorization: Bearer ${token}\u0000`],
    refusedByNode(400),
  ),
  lines(
    'an escape character in the header',
    (token) => [`Authorization: Bearer \u001b${token}`],
    refusedByNode(400),
  ),
  lines(
    'a bare carriage return in the header',
    (token) => [`Authorization: Bearer ${token}\rX: y`],
    refusedByNode(400),
  ),
  // RFC 9112 §5.2: refused with 400, or as if there were spaces.
  lines('a folded header', (token) => ['Authorization: Bearer', ` ${token}`], [
    ACCEPTED,
    MALFORMED,
    refusedByNode(400),
  ]),
  lines('a header folded behind the token', (token) => [`Authorization: Bearer ${token}`, ' x'], [
    MALFORMED,
    refusedByNode(400),
  ]),
];

export const authorizationHeaders: readonly Attack[] = numbered('header', [
  ...severalHeaders,
  ...values,
  ...names,
]);
