import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { ConnectionTokens } from './connection-tokens.js';

const common = { userPoolId: 'pool', clientId: 'web' };
const alice = { ...common, kind: 'user', sub: 'alice' } as CognitoPrincipal;
const worker = { ...common, kind: 'client', clientId: 'worker' } as CognitoPrincipal;

describe('The token of a connection', () => {
  it('is the last one, and only of that connection', () => {
    const tokens = new ConnectionTokens();
    const connection = {};
    tokens.set(connection, { token: 'a', principal: alice });
    tokens.set(connection, { token: 'b', principal: alice });
    expect(tokens.of(connection)).toBe('b');
    expect(tokens.of({})).toBeUndefined();
  });

  it('tells whoever set it of refusals', () => {
    const tokens = new ConnectionTokens();
    const connection = {};
    const told: unknown[] = [];
    const error = new CognitoAuthError('token_expired', 'The token has expired');
    tokens.set(connection, {
      token: 'a',
      principal: alice,
      onRefused: (refusal) => told.push(refusal),
    });
    tokens.refused(connection, error);
    tokens.refused({}, error);
    expect(told).toEqual([error]);
  });

  it.each<[string, CognitoPrincipal, CognitoPrincipal]>([
    ['user', alice, { ...alice, clientId: 'mobile' }],
    ['machine', worker, { ...worker }],
  ])('can be replaced by another of the same %s', (_, former, principal) => {
    const tokens = new ConnectionTokens();
    const connection = {};
    tokens.checkSameUser(connection, former);
    tokens.set(connection, { token: 'a', principal: former });
    expect(() => tokens.checkSameUser(connection, principal)).not.toThrow();
  });

  it.each<[string, CognitoPrincipal, CognitoPrincipal]>([
    ['user', alice, { ...alice, sub: 'bob' }],
    ['user pool', alice, { ...alice, userPoolId: 'another' }],
    ['kind', alice, worker],
    ['machine', worker, { ...worker, clientId: 'other' }],
  ])('cannot be replaced by that of another %s', (_, former, principal) => {
    const tokens = new ConnectionTokens();
    const connection = {};
    tokens.set(connection, { token: 'a', principal: former });
    expect(() => tokens.checkSameUser(connection, principal)).toThrow(
      expect.objectContaining({ code: 'wrong_principal' }),
    );
    expect(tokens.of(connection)).toBe('a');
  });
});
