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
    const remedy = remedyOf(name, error as NodeJS.ErrnoException);
    throw remedy === undefined ? error : wrongHostedUiOptions([remedy]);
  }
}

function remedyOf(name: string, { code }: NodeJS.ErrnoException): string | undefined {
  switch (code) {
    case 'ERR_MODULE_NOT_FOUND':
    case 'MODULE_NOT_FOUND':
      return `The package "${name}" is not installed; run "npm install openid-client iron-webcrypto".`;
    // Jest runs CommonJS in a context without import().
    case 'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG':
      return `The package "${name}" is an ES module; run Jest with NODE_OPTIONS=--experimental-vm-modules.`;
    default:
      return undefined;
  }
}
