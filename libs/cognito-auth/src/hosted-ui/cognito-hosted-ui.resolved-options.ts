import { randomBytes } from 'node:crypto';
import { CognitoAuthOptionsError } from '../index.js';
import { PARAMETERS } from './authorization-parameters.js';
import type { HostedUiParameter } from './authorization-parameters.js';
import type { CognitoHostedUiOptions } from './cognito-hosted-ui.options.js';
import type { HostedUiFetch } from './fetch-once.js';
import { returnPathOf, siteOf } from './return-to.js';
import type { Site } from './return-to.js';
import type { SessionStoreLike } from './session-store.js';

/** The options of the module, checked, and with every default filled in. */
export interface ResolvedHostedUiOptions {
  /** The origin of the hosted pages. */
  readonly domain: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly redirectUri: string;
  readonly logoutUri: string;
  readonly scopes: readonly string[];
  readonly resource?: string;
  /** What the address of a sign-in may hand on. */
  readonly parameters: readonly HostedUiParameter[];
  readonly site: Site;
  readonly cookies: {
    readonly name: string;
    readonly isSecure: boolean;
    /** The first one seals. */
    readonly secrets: readonly [string, ...string[]];
    /** Whether the secret was made up, and ends with the process. */
    readonly isSecretRandom: boolean;
    /** In seconds. */
    readonly maxAge: number;
  };
  readonly store?: SessionStoreLike;
  /** Default: the start of the application. */
  readonly afterLogin: CognitoHostedUiOptions['afterLogin'];
  readonly errorPage: CognitoHostedUiOptions['errorPage'];
  readonly fetch?: HostedUiFetch;
  readonly noStore: boolean;
  readonly timeout: number;
}

type Environment = Readonly<Record<string, string | undefined>>;
type Given = Readonly<Record<string, unknown>>;

const SECRET_VARIABLE = 'COGNITO_COOKIE_SECRET';
const THIRTY_DAYS = 30 * 24 * 3600;
const MIN_SECRET_LENGTH = 32;

const OPTIONS = [
  'domain',
  'clientId',
  'clientSecret',
  'redirectUri',
  'logoutUri',
  'scopes',
  'resource',
  'parameters',
  'cookies',
  'store',
  'afterLogin',
  'errorPage',
  'fetch',
  'noStore',
  'timeout',
] as const;

/**
 * Checks the options, completes them from the environment and fills in the defaults.
 *
 * @param path where the controller is, without slashes at its ends; `false` when there is none
 * @throws CognitoAuthOptionsError with one sentence for every wrong value
 */
export function resolveHostedUiOptions(
  given: unknown,
  path: string | false,
  environment: Environment = process.env,
): ResolvedHostedUiOptions {
  const check = new OptionsCheck();
  const options = check.object(given ?? {}, '', OPTIONS);
  for (const name of ['store', 'afterLogin']) check.given(options, name);
  const redirectUri = check.callback(options['redirectUri'], path);
  const site = siteOf(redirectUri);
  const resolved: ResolvedHostedUiOptions = {
    domain: check.domain(options['domain']),
    clientId: check.clientId(options['clientId']),
    clientSecret: check.clientSecret(options['clientSecret']),
    redirectUri,
    logoutUri: check.address('logoutUri', options['logoutUri']),
    scopes: check.scopes(options['scopes'] ?? ['openid', 'email']),
    resource: check.resource(options['resource']),
    parameters: check.parameters(options['parameters'] ?? []),
    site,
    cookies: resolveCookies(check, options['cookies'], site, environment),
    store: check.store(options['store']),
    afterLogin: check.afterLogin(options['afterLogin'], site),
    errorPage: check.function('errorPage', options['errorPage']),
    fetch: check.function('fetch', options['fetch']),
    noStore: check.boolean('noStore', options['noStore'] ?? true),
    timeout: check.integer('timeout', options['timeout'] ?? 3_000),
  };
  check.throwProblems();
  return resolved;
}

function resolveCookies(
  check: OptionsCheck,
  given: unknown,
  site: Site,
  environment: Environment,
): ResolvedHostedUiOptions['cookies'] {
  const cookies = check.object(given ?? {}, 'cookies', ['secret', 'name', 'maxAge']);
  const isSecure = site.origin.startsWith('https:');
  const name = check.cookieName(cookies['name'] ?? 'cognito-session');
  const secrets = secretsOf(check, cookies['secret'], environment);
  return {
    // RFC 6265bis §4.1.3.2: such a cookie can be set by this host only, over https only.
    name: isSecure ? `__Host-${name}` : name,
    isSecure,
    secrets: secrets ?? [randomBytes(32).toString('base64url')],
    isSecretRandom: secrets === undefined,
    maxAge: check.integer('cookies.maxAge', cookies['maxAge'] ?? THIRTY_DAYS),
  };
}

function secretsOf(
  check: OptionsCheck,
  given: unknown,
  environment: Environment,
): [string, ...string[]] | undefined {
  if (given !== undefined) return check.secrets('cookies.secret', given);
  const variable = environment[SECRET_VARIABLE]?.trim();
  if (variable) {
    const secrets = variable.split(',').map((secret) => secret.trim());
    return check.secrets(SECRET_VARIABLE, secrets);
  }
  if (environment['NODE_ENV'] === 'production') {
    check.fail(
      'cookies.secret',
      `is missing; give it to the module or set ${SECRET_VARIABLE}, for example to the output of "openssl rand -base64 32"`,
    );
  }
  return undefined;
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Collects what is wrong, so that one error can list it all. */
class OptionsCheck {
  private readonly problems: string[] = [];

  fail(option: string, reason: string): void {
    this.problems.push(`${option === SECRET_VARIABLE ? option : `"${option}"`} ${reason}.`);
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw wrongHostedUiOptions(this.problems);
  }

  object(value: unknown, path: string, names: readonly string[]): Given {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fail(path || 'options', `must be an object, got ${shown(value)}`);
      return {};
    }
    for (const name of Object.keys(value)) {
      if (names.includes(name)) continue;
      const known = names.map((item) => `"${item}"`).join(', ');
      this.fail(path ? `${path}.${name}` : name, `is not an option; there are ${known}`);
    }
    return value as Given;
  }

  /**
   * Refuses an option that is there but undefined, as what a circular import leaves behind: taken
   * for missing, the tokens would lie elsewhere, or nobody decide over a sign-in.
   */
  given(options: Given, name: string): void {
    if (!Object.hasOwn(options, name) || options[name] !== undefined) return;
    this.fail(name, 'is undefined; is there a circular import? To do without it, leave it out');
  }

  domain(value: unknown): string {
    const url = urlOf(value);
    // Nothing but the origin, whose slash may be there or not.
    if (url && isSafe(url) && url.href === `${url.origin}/`) return url.origin;
    this.fail(
      'domain',
      `must be an address like https://example.auth.eu-west-1.amazoncognito.com, without a path (http: only on this machine), got ${shown(value)}`,
    );
    return '';
  }

  /** Both sides compare addresses as texts: they must stand here as they are sent. */
  address(name: string, value: unknown): string {
    const url = urlOf(value);
    const isWritten = url && (url.href === value || url.href === `${String(value)}/`);
    if (url && isWritten && isSafe(url) && !url.hash) return String(value);
    this.fail(
      name,
      `must be an absolute address like https://app.example.com/${name === 'logoutUri' ? '' : 'auth/callback'} (http: only on this machine), got ${shown(value)}`,
    );
    return '';
  }

  callback(value: unknown, path: string | false): string {
    const address = this.address('redirectUri', value);
    if (address === '') return 'https://invalid.example/';
    const { href, pathname, search } = new URL(address);
    if (search || href !== address) {
      this.fail('redirectUri', `must have a path and no query, got ${shown(value)}`);
    }
    const end = `/${path ? `${path}/` : ''}callback`;
    if (path !== false && !pathname.endsWith(end)) {
      this.fail(
        'redirectUri',
        `must end with ${end}, where the controller is (option "path"), got ${shown(value)}`,
      );
    }
    return address;
  }

  clientId(value: unknown): string {
    // The API model of Cognito: ClientIdType.
    if (typeof value === 'string' && /^[\w+]{1,128}$/.test(value)) return value;
    this.fail('clientId', `must look like 1h57kf5cpq17m0eml12EXAMPLE, got ${shown(value)}`);
    return '';
  }

  clientSecret(value: unknown): string | undefined {
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value.trim() === value && value !== '') return value;
    this.fail('clientSecret', 'must be a text without spaces around it');
    return undefined;
  }

  scopes(value: unknown): readonly string[] {
    // RFC 6749 §3.3.
    const isScope = (item: unknown) => typeof item === 'string' && /^[!#-[\]-~]+$/.test(item);
    if (Array.isArray(value) && value.every(isScope) && value.includes('openid')) {
      return value as string[];
    }
    this.fail('scopes', `must be a list of scopes with "openid" among them, got ${shown(value)}`);
    return [];
  }

  resource(value: unknown): string | undefined {
    if (value === undefined || urlOf(value)) return value as string | undefined;
    this.fail('resource', `must be an absolute URL, got ${shown(value)}`);
    return undefined;
  }

  parameters(value: unknown): readonly HostedUiParameter[] {
    const isKnown = (item: unknown) => PARAMETERS.some((name) => name === item);
    if (Array.isArray(value) && value.every(isKnown)) return [...new Set(value)];
    const known = PARAMETERS.map((name) => `"${name}"`).join(', ');
    this.fail('parameters', `must be a list of parameters among ${known}, got ${shown(value)}`);
    return [];
  }

  function<Name extends 'errorPage' | 'fetch'>(
    name: Name,
    value: unknown,
  ): CognitoHostedUiOptions[Name] {
    if (value === undefined || typeof value === 'function') {
      return value as CognitoHostedUiOptions[Name];
    }
    this.fail(name, `must be a function, got ${shown(value)}`);
    return undefined;
  }

  secrets(path: string, value: unknown): [string, ...string[]] {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const isLong = (item: unknown) => typeof item === 'string' && item.length >= MIN_SECRET_LENGTH;
    if (list.length > 0 && list.every(isLong)) return list as [string, ...string[]];
    this.fail(
      path,
      `must be a text of at least ${MIN_SECRET_LENGTH} characters, or a list of them`,
    );
    return [''];
  }

  cookieName(value: unknown): string {
    // RFC 6265 §4.1.1, without what has a meaning here.
    const isName = typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
    if (isName && !/^__(host|secure)-/i.test(value)) return value;
    this.fail(
      'cookies.name',
      `must be 1 to 64 letters, digits, _ or -, without a prefix like __Host-, got ${shown(value)}`,
    );
    return 'invalid';
  }

  store(value: unknown): SessionStoreLike | undefined {
    if (value === undefined) return undefined;
    const methods = ['getMany', 'set', 'delete'] as const;
    const members = value as Partial<Record<string, unknown>> | null;
    if (methods.every((name) => typeof members?.[name] === 'function')) {
      return value as SessionStoreLike;
    }
    this.fail('store', 'must be a Keyv instance, with getMany(), set() and delete()');
    return undefined;
  }

  afterLogin(value: unknown, site: Site): ResolvedHostedUiOptions['afterLogin'] {
    if (value === undefined || typeof value === 'function') {
      return value as ResolvedHostedUiOptions['afterLogin'];
    }
    try {
      return returnPathOf(value, site);
    } catch {
      this.fail('afterLogin', `must be a path like /home, or a function, got ${shown(value)}`);
      return '/';
    }
  }

  boolean(path: string, value: unknown): boolean {
    if (typeof value === 'boolean') return value;
    this.fail(path, `must be true or false, got ${shown(value)}`);
    return true;
  }

  integer(path: string, value: unknown): number {
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
    this.fail(path, `must be a whole number of at least 1, got ${shown(value)}`);
    return 1;
  }
}

/** The error of a boot that these sentences stop. */
export function wrongHostedUiOptions(problems: readonly string[]): CognitoAuthOptionsError {
  return new CognitoAuthOptionsError(problems, 'CognitoHostedUiModule');
}

function urlOf(value: unknown): URL | undefined {
  return typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
}

function isSafe({ protocol, hostname, username, password }: URL): boolean {
  if (username || password) return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.has(hostname));
}

/** The value for a message, in short. */
function shown(value: unknown): string {
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? 'nothing');
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
