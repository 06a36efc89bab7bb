import { SetupError } from './setup-error.js';

/** What the environment decides about the demo. */
export interface DemoConfiguration {
  readonly adapter: Adapter;
  /** The address that the API listens on. */
  readonly host: string;
  /** The port of the API; 0 for any that is free. */
  readonly port: number;
  /** The port of the local user pool; 0 for any that is free. */
  readonly poolPort: number;
  /** The user pool that the environment names instead of the local one. */
  readonly userPoolId?: string;
  /** The hosted pages of that user pool. */
  readonly hostedUi?: HostedPages;
}

/** Where people sign in, and through which app client. */
export interface HostedPages {
  readonly domain: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly scopes: string[];
}

/** The HTTP frameworks that the demo runs on. */
export type Adapter = 'express' | 'fastify';

type Environment = Readonly<Record<string, string | undefined>>;

// The demo hands out tokens to everybody who reaches it: by default nobody but this machine.
const THIS_MACHINE = '127.0.0.1';

const REQUIRED_OF_POOL = ['COGNITO_USER_POOL_ID', 'COGNITO_CLIENT_ID'];

// Alone they would say something about the local user pool, which is complete.
const OPTIONAL_OF_POOL = [
  'COGNITO_ISSUER',
  'COGNITO_JWKS_URI',
  'COGNITO_TOKEN_USE',
  'COGNITO_AUDIENCE',
  'COGNITO_CLOCK_TOLERANCE',
  'COGNITO_DOMAIN',
  'COGNITO_CLIENT_SECRET',
];

/**
 * Reads the configuration from environment variables; an empty one counts as not set.
 *
 * @throws SetupError for the first variable that is wrong
 */
export function configurationOf(environment: Environment): DemoConfiguration {
  return {
    adapter: adapterOf(environment),
    host: valueOf(environment, 'DEMO_HOST') ?? THIS_MACHINE,
    port: portOf(environment, 'PORT', 3000),
    poolPort: portOf(environment, 'DEMO_POOL_PORT', 9229),
    userPoolId: userPoolIdOf(environment),
    hostedUi: hostedUiOf(environment),
  };
}

function adapterOf(environment: Environment): Adapter {
  const value = valueOf(environment, 'DEMO_ADAPTER') ?? 'express';
  if (value === 'express' || value === 'fastify') return value;
  throw new SetupError(`DEMO_ADAPTER must be express or fastify, got "${value}".`);
}

function portOf(environment: Environment, name: string, fallback: number): number {
  const value = valueOf(environment, name);
  if (value === undefined) return fallback;
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new SetupError(`${name} must be a port, a whole number from 0 to 65535, got "${value}".`);
}

/** Whether its value is right is for the module to say, which reads it, too. */
function userPoolIdOf(environment: Environment): string | undefined {
  const isSet = (name: string) => valueOf(environment, name) !== undefined;
  const given = [...REQUIRED_OF_POOL, ...OPTIONAL_OF_POOL].find(isSet);
  const missing = REQUIRED_OF_POOL.filter((name) => !isSet(name)).join(' and ');
  if (given === undefined) return undefined;
  if (missing === '') return valueOf(environment, 'COGNITO_USER_POOL_ID');
  throw new SetupError(
    `${given} is set without ${missing}: set ${REQUIRED_OF_POOL.join(' and ')} to use a user pool of yours, or no COGNITO_ variable to use the local one.`,
  );
}

function hostedUiOf(environment: Environment): HostedPages | undefined {
  const domain = valueOf(environment, 'COGNITO_DOMAIN');
  const [clientId = ''] = valueOf(environment, 'COGNITO_CLIENT_ID')?.split(',') ?? [];
  const clientSecret = valueOf(environment, 'COGNITO_CLIENT_SECRET');
  if (domain === undefined) return undefined;
  return { domain, clientId: clientId.trim(), clientSecret, scopes: EVERY_POOL_HAS };
}

// Of scopes that a user pool does not have, its sign-in page wants to know nothing.
const EVERY_POOL_HAS = ['openid', 'email', 'profile'];

function valueOf(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}
