import { wrongHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';

/** The packages that only this entry point needs; both are optional peers. */
export type OpenIdClient = typeof import('openid-client');
export type Iron = typeof import('iron-webcrypto');

export const loadOpenIdClient = (): Promise<OpenIdClient> =>
  loaded('openid-client', () => import('openid-client'));

export const loadIron = (): Promise<Iron> =>
  loaded('iron-webcrypto', () => import('iron-webcrypto'));

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
