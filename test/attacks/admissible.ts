import type { AttackKit } from './attack-kit.js';
import { BATCH, ISSUER, UPDATED_ISSUER, WEB } from './names.js';

// What the design asks of a token, written down a second time: deliberately not with the library.

type Members = Record<string, unknown>;

/** Whether a header asks for nothing that Cognito never asks for. */
export function isUsualHeader(header: Members, { accessKey }: AttackKit): boolean {
  return (
    header['alg'] === 'RS256' &&
    header['kid'] === accessKey.kid &&
    (!('typ' in header) || header['typ'] === 'JWT' || header['typ'] === 'at+jwt') &&
    !['crit', 'cty', 'b64'].some((name) => Object.hasOwn(header, name))
  );
}

/** Whether these are claims of an access token that was good at this time, in seconds. */
export function isAccessToken(claims: Members, now: number): boolean {
  const is = (type: string, ...names: string[]) =>
    names.every((name) => !Object.hasOwn(claims, name) || typeof claims[name] === type);
  const groups = Object.hasOwn(claims, 'cognito:groups') ? claims['cognito:groups'] : [];
  const isMachine = !Object.hasOwn(claims, 'username');
  return (
    [ISSUER, UPDATED_ISSUER].includes(claims['iss'] as string) &&
    claims['token_use'] === 'access' &&
    [WEB, BATCH].includes(claims['client_id'] as string) &&
    is('number', 'exp', 'iat', 'nbf', 'auth_time') &&
    Number(claims['exp']) > now &&
    Number(claims['nbf'] ?? 0) <= now &&
    Number(claims['iat'] ?? 0) <= now + 60 &&
    is('string', 'sub', 'username', 'scope', 'aud', 'jti', 'origin_jti', 'device_key') &&
    Array.isArray(groups) &&
    groups.every((group) => typeof group === 'string') &&
    (isMachine || [claims['sub'], claims['username']].every(isName))
  );
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
