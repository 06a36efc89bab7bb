/** Returns, or resolves with, who a token speaks for; throws, or rejects, when it is not good. */
export type Verify = (token: string) => unknown;

/** The checks of claims that a verifier leaves to its user: what every Cognito API has to ask. */
export function checkCognitoClaims(
  claims: Readonly<Record<string, unknown>>,
  clientId: string,
): void {
  if (claims['token_use'] !== 'access') throw new Error('not an access token');
  if (claims['client_id'] !== clientId) throw new Error('a token of another app client');
}
