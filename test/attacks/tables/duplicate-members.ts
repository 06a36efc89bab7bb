import { accepted, refused } from '../attack.js';
import type { Attack, Outcome } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';

// RFC 7519 §4: of members with one name the last counts, or the token is refused. What must never
// be is that one check sees the first and another the last.

/** Counts the last of the two, or refuses both. */
function lastOrRefused(outcome: Outcome): readonly Outcome[] {
  return [outcome, refused('malformed_token')];
}

const ISSUER_OF_ATTACKER = '"iss":"https://issuer.attacker.example"';

export const duplicateMembers: readonly Attack[] = [
  {
    id: 'twice-alg-good-last',
    title: 'alg none and then RS256',
    make: (kit) => kit.sign(kit.claims(), headerText(kit, '"alg":"none"', '"alg":"RS256"')),
    expect: lastOrRefused(accepted({ username: 'mallory' })),
  },
  {
    id: 'twice-alg-bad-last',
    title: 'alg RS256 and then none',
    make: (kit) => kit.sign(kit.claims(), headerText(kit, '"alg":"RS256"', '"alg":"none"')),
    expect: refused('malformed_token'),
  },
  {
    id: 'twice-alg-escaped',
    title: 'alg RS256 and then none under an escaped name',
    make: (kit) =>
      kit.sign(kit.claims(), headerText(kit, '"alg":"RS256"', String.raw`"\u0061lg":"none"`)),
    expect: refused('malformed_token'),
  },
  {
    id: 'twice-kid-good-last',
    title: 'an unknown key id and then the right one',
    make: (kit) => kit.sign(kit.claims(), headerText(kit, '"kid":"x","alg":"RS256"')),
    expect: lastOrRefused(accepted({ username: 'mallory' })),
  },
  {
    id: 'twice-kid-bad-last',
    title: 'the right key id and then an unknown one',
    make: (kit) => kit.sign(kit.claims(), headerText(kit, '"alg":"RS256"', '"kid":"x"')),
    expect: lastOrRefused(refused('unknown_key')),
  },
  {
    id: 'twice-typ',
    title: 'typ JWT and then that of another kind',
    make: (kit) =>
      kit.sign(kit.claims(), headerText(kit, '"alg":"RS256","typ":"JWT"', '"typ":"JWE"')),
    expect: refused('malformed_token'),
  },
  {
    id: 'twice-exp-good-last',
    title: 'an exp in the past and then one in the future',
    make: (kit) => kit.sign(kit.claimsText({ first: '"exp":1' })),
    expect: lastOrRefused(accepted({ username: 'mallory' })),
  },
  {
    id: 'twice-exp-bad-last',
    title: 'an exp in the future and then one in the past',
    make: (kit) => kit.sign(kit.claimsText({ last: '"exp":1' })),
    expect: lastOrRefused(refused('token_expired')),
  },
  {
    id: 'twice-exp-removed',
    title: 'an exp in the future and then null',
    make: (kit) => kit.sign(kit.claimsText({ last: '"exp":null' })),
    expect: refused('malformed_token', 'key'),
  },
  {
    id: 'twice-iss-good-last',
    title: 'the issuer of an attacker and then the right one',
    make: (kit) => kit.sign(kit.claimsText({ first: ISSUER_OF_ATTACKER })),
    expect: lastOrRefused(accepted({ username: 'mallory' })),
  },
  {
    id: 'twice-iss-bad-last',
    title: 'the right issuer and then that of an attacker',
    make: (kit) => kit.sign(kit.claimsText({ last: ISSUER_OF_ATTACKER })),
    expect: lastOrRefused(refused('wrong_issuer')),
  },
  {
    id: 'twice-token-use',
    title: 'token_use access and then id',
    make: (kit) => kit.sign(kit.claimsText({ last: '"token_use":"id"' })),
    expect: lastOrRefused(refused('wrong_client')),
  },
  {
    id: 'twice-client-bad-last',
    title: 'the right app client and then another',
    make: (kit) => kit.sign(kit.claimsText({ last: '"client_id":"other"' })),
    expect: lastOrRefused(refused('wrong_client')),
  },
  {
    id: 'twice-client-good-last',
    title: 'another app client and then the right one',
    make: (kit) => kit.sign(kit.claimsText({ first: '"client_id":"other"' })),
    expect: lastOrRefused(accepted()),
  },
  {
    id: 'twice-groups-bad-last',
    title: 'the group admin and then guests',
    make: (kit) => kit.sign(kit.claimsText({ first: '"cognito:groups":["admin"]' })),
    route: '/admin',
    expect: lastOrRefused(refused('insufficient_group')),
  },
  {
    id: 'twice-groups-good-last',
    title: 'the group guests and then admin',
    make: (kit) => kit.sign(kit.claimsText({ last: '"cognito:groups":["admin"]' })),
    route: '/admin',
    expect: lastOrRefused(accepted({ groups: ['admin'] })),
  },
  {
    id: 'twice-scope-bad-last',
    title: 'the scope orders/read and then openid',
    make: (kit) => kit.sign(kit.claimsText({ first: '"scope":"orders/read"' })),
    route: '/orders',
    expect: lastOrRefused(refused('insufficient_scope')),
  },
  {
    id: 'twice-username',
    title: 'two usernames',
    make: (kit) => kit.sign(kit.claimsText({ last: '"username":"second"' })),
    expect: lastOrRefused(accepted({ username: 'second', claims: { username: 'second' } })),
  },
  {
    id: 'twice-sub',
    title: 'two subjects',
    make: (kit) => kit.sign(kit.claimsText({ last: '"sub":"second"' })),
    expect: lastOrRefused(accepted({ sub: 'second', claims: { sub: 'second' } })),
  },
  {
    id: 'twice-username-removed',
    title: 'a username and then null',
    make: (kit) => kit.sign(kit.claimsText({ last: '"username":null' })),
    expect: refused('malformed_token', 'key'),
  },
];

/** The JSON of a header that has the right key id between these members. */
function headerText(kit: AttackKit, first: string, last = ''): string {
  return `{${[first, `"kid":"${kit.accessKey.kid}"`, last].filter((text) => text !== '').join(',')}}`;
}
