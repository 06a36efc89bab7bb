import { wrongHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';

/** The packages that only this entry point needs; both are optional peers. */
export type OpenIdClient = typeof import('openid-client');
export type Iron = typeof import('iron-webcrypto');

/**
 * Holds these packages for injection.
 *
 * An ES module by itself is no value for a provider: it has no `constructor`, which @nestjs/graphql
 * and others read of every provider of an application.
 */
export class Peers {
  private constructor(
    readonly openIdClient: OpenIdClient,
    readonly iron: Iron,
  ) {}

  /** @throws CognitoAuthOptionsError when one of them is not installed */
  static async load(): Promise<Peers> {
    const [openIdClient, iron] = await Promise.all([
      loaded('openid-client', () => import('openid-client')),
      loaded('iron-webcrypto', () => import('iron-webcrypto')),
    ]);
    return new Peers(openIdClient, iron);
  }
}

async function loaded<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw missing(name, error);
  }
}

function missing(name: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return error;
  return wrongHostedUiOptions([
    `The package "${name}" is not installed; run "npm install openid-client iron-webcrypto".`,
  ]);
}
