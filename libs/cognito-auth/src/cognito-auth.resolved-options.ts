import { inspect } from 'node:util';
import { CognitoAuthOptionsError } from './cognito-auth.errors.js';
import type { CognitoAuthOptions, KeyOptions, TokenCacheOptions } from './cognito-auth.options.js';
import { FixedKeys } from './keys/fixed-keys.js';
import { TOKEN_USES } from './token/claims.js';
import type { TokenUse } from './token/claims.js';
import { awsIssuersOf, isRegion, regionOf } from './token/issuers.js';
import { fromBearerHeader } from './transport/token-extractors.js';
import type { TokenExtractor } from './transport/token-extractors.js';

/** One user pool, with every default filled in. */
export interface ResolvedUserPool {
  readonly name: string;
  readonly userPoolId: string;
  readonly clientIds: ReadonlySet<string> | null;
  readonly tokenUse: readonly TokenUse[];
  readonly audiences?: ReadonlySet<string>;
  /** For app clients that have an `audience` of their own; `null` for those asked for none. */
  readonly audiencesOfClients?: ReadonlyMap<string, ReadonlySet<string> | null>;
  /** From each issuer to the address of its key set. */
  readonly issuers: ReadonlyMap<string, string>;
  readonly jwks?: FixedKeys;
}

/** The options of the module, checked, and with every default filled in. */
export interface ResolvedOptions {
  readonly userPools: readonly ResolvedUserPool[];
  readonly tokenFrom: readonly TokenExtractor[];
  readonly clockTolerance: number;
  readonly maxTokenLength: number;
  readonly tokenCache: Required<TokenCacheOptions> | false;
  readonly keys: Required<Omit<KeyOptions, 'fetcher'>> & Pick<KeyOptions, 'fetcher'>;
  readonly property: string;
  readonly realm: string;
  readonly skipVerification: boolean;
  readonly ignoreExpiration: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const POOL_OPTIONS = [
  'name',
  'userPoolId',
  'region',
  'clientId',
  'tokenUse',
  'audience',
  'issuer',
  'replicaRegions',
  'jwksUri',
  'jwks',
] as const;

const MODULE_OPTIONS = [
  'userPools',
  'tokenFrom',
  'clockTolerance',
  'maxTokenLength',
  'tokenCache',
  'keys',
  'property',
  'realm',
  'unsafe',
] as const;

const VARIABLES = {
  userPoolId: 'COGNITO_USER_POOL_ID',
  region: 'COGNITO_REGION',
  clientId: 'COGNITO_CLIENT_ID',
  tokenUse: 'COGNITO_TOKEN_USE',
  issuer: 'COGNITO_ISSUER',
  jwksUri: 'COGNITO_JWKS_URI',
  audience: 'COGNITO_AUDIENCE',
  clockTolerance: 'COGNITO_CLOCK_TOLERANCE',
} as const;

// The API model of Cognito: CreateUserPool, UserPoolIdType and ClientIdType.
const USER_POOL_ID = /^(?=.{1,55}$)[\w-]+_[0-9A-Za-z]+$/;
const CLIENT_ID = /^[\w+]{1,128}$/;

/**
 * Checks the options, completes them from the environment and fills in the defaults.
 *
 * Options that are given win over environment variables.
 *
 * @throws CognitoAuthOptionsError with one sentence for every wrong value
 */
export function resolveOptions(
  given: CognitoAuthOptions | undefined,
  environment: Environment = process.env,
): ResolvedOptions {
  const check = new OptionsCheck();
  const options = check.object(given ?? {}, '', [...MODULE_OPTIONS, ...POOL_OPTIONS]);
  const clockTolerance =
    options['clockTolerance'] ?? numberFrom(environment[VARIABLES.clockTolerance]);
  const unsafe = check.object(options['unsafe'] ?? {}, 'unsafe', [
    'skipVerification',
    'ignoreExpiration',
  ]);
  const resolved: ResolvedOptions = {
    userPools: resolveUserPools(check, options, environment),
    tokenFrom: check.extractors(options),
    clockTolerance: check.number(
      options['clockTolerance'] === undefined && clockTolerance !== undefined
        ? VARIABLES.clockTolerance
        : 'clockTolerance',
      clockTolerance ?? 0,
      { from: 0, to: 60, unit: 'seconds' },
    ),
    maxTokenLength: check.integer('maxTokenLength', options['maxTokenLength'] ?? 16_384),
    tokenCache: resolveTokenCache(check, options['tokenCache']),
    keys: resolveKeys(check, options['keys']),
    property: check.property(options['property'] ?? 'user'),
    realm: check.realm(options['realm'] ?? 'api'),
    skipVerification: check.boolean('unsafe.skipVerification', unsafe['skipVerification']),
    ignoreExpiration: check.boolean('unsafe.ignoreExpiration', unsafe['ignoreExpiration']),
  };
  if (environment['NODE_ENV'] === 'production') {
    for (const name of ['skipVerification', 'ignoreExpiration'] as const) {
      if (resolved[name]) {
        check.fail(
          `unsafe.${name}`,
          'is for local development and refused with NODE_ENV=production',
        );
      }
    }
  }
  check.throwProblems();
  return resolved;
}

/** What an operator should know about the options at every boot. */
export function warningsOf(options: ResolvedOptions): string[] {
  const warnings = options.userPools
    .filter((pool) => pool.clientIds === null)
    .map(
      (pool) =>
        `Tokens of every app client of the user pool "${pool.name}" are accepted ("clientId" is null)`,
    );
  for (const uri of keyAddressesOf(options)) {
    const { protocol, hostname, origin } = new URL(uri);
    if (protocol === 'https:' || isLoopback(hostname)) continue;
    warnings.push(
      `UNSAFE: signing keys are fetched from ${origin} without TLS: whoever is on the way can replace them, and enter; use https:`,
    );
  }
  if (options.skipVerification) {
    warnings.push(
      'UNSAFE: signatures are not verified, anybody can enter ("unsafe.skipVerification")',
    );
  }
  if (options.ignoreExpiration) {
    warnings.push('UNSAFE: expired tokens are accepted ("unsafe.ignoreExpiration")');
  }
  return warnings;
}

/** The tokens that are accepted, one sentence for each user pool, for whoever looks for a mistake. */
export function acceptedBy({ userPools }: ResolvedOptions): string[] {
  return userPools.map(({ name, tokenUse, issuers, clientIds, audiences, ...pool }) => {
    const parts = [
      `Accepts ${tokenUse.join(' and ')} tokens of the user pool "${name}"`,
      `issued by ${[...issuers.keys()].join(' or ')}`,
      `for the app client ${[...(clientIds ?? ['any'])].join(' or ')}`,
    ];
    if (audiences) parts.push(`for the audience ${[...audiences].join(' or ')}`);
    for (const [clientId, own] of pool.audiencesOfClients ?? []) {
      const audience = own ? `the audience ${[...own].join(' or ')}` : 'no audience';
      parts.push(`with the app client ${clientId} for ${audience}`);
    }
    return parts.join(', ');
  });
}

function keyAddressesOf({ userPools }: ResolvedOptions): Set<string> {
  const addresses = new Set<string>();
  for (const { jwks, issuers } of userPools) {
    if (!jwks) for (const uri of issuers.values()) addresses.add(uri);
  }
  return addresses;
}

/** Whether a host, as URL writes it, is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3). */
function isLoopback(hostname: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

function resolveUserPools(
  check: OptionsCheck,
  options: Given,
  environment: Environment,
): ResolvedUserPool[] {
  const list = options['userPools'];
  if (list === undefined) return [resolveInlinePool(check, options, environment)];
  for (const name of POOL_OPTIONS) {
    if (options[name] !== undefined)
      check.fail(name, 'stands beside "userPools"; move it in there');
  }
  if (!Array.isArray(list) || list.length === 0) {
    check.fail('userPools', `must be a list of at least one user pool, got ${shown(list)}`);
    return [];
  }
  const pools = list.map((pool: unknown, index) => {
    const path = `userPools[${index}]`;
    const given = check.object(pool, path, POOL_OPTIONS);
    check.given(`${path}.audience`, given, 'audience');
    return resolveUserPool(check, given, (name) => `${path}.${name}`);
  });
  check.distinct(
    'name',
    pools.map((pool) => pool.name),
  );
  check.distinct(
    'issuer',
    pools.flatMap((pool) => [...pool.issuers.keys()]),
  );
  return pools;
}

function resolveInlinePool(
  check: OptionsCheck,
  options: Given,
  environment: Environment,
): ResolvedUserPool {
  const isGiven = (name: string) => options[name] !== undefined;
  const fromEnvironment = poolFrom(environment, (name, text) =>
    isGiven(name) ? [] : check.listIn(VARIABLES[name], text),
  );
  // A key set that was given leaves nothing to fetch.
  if (options['jwks'] !== undefined) delete fromEnvironment['jwksUri'];
  if (environment[VARIABLES.audience]?.trim() === '' && !isGiven('audience')) {
    // An empty variable must not silently switch the check off.
    check.fail(VARIABLES.audience, 'is set but empty; give it a value or do not set it');
  }
  const pool: Given = { ...fromEnvironment };
  for (const name of POOL_OPTIONS) if (isGiven(name)) pool[name] = options[name];
  check.given('audience', options, 'audience');
  return resolveUserPool(check, pool, (name) =>
    name in VARIABLES && !isGiven(name) && name in fromEnvironment
      ? VARIABLES[name as keyof typeof VARIABLES]
      : name,
  );
}

type ListVariable = 'clientId' | 'tokenUse' | 'audience';

function poolFrom(
  environment: Environment,
  listIn: (name: ListVariable, text: string) => string[],
): Given {
  const pool: Given = {};
  for (const name of ['userPoolId', 'region', 'issuer', 'jwksUri'] as const) {
    const value = environment[VARIABLES[name]]?.trim();
    if (value) pool[name] = value;
  }
  for (const name of ['clientId', 'tokenUse', 'audience'] as const) {
    const value = environment[VARIABLES[name]];
    if (value?.trim()) pool[name] = listIn(name, value);
  }
  return pool;
}

function resolveUserPool(
  check: OptionsCheck,
  pool: Given,
  pathOf: (name: string) => string,
): ResolvedUserPool {
  const userPoolId = check.userPoolId(pathOf('userPoolId'), pool['userPoolId'], pool['region']);
  const jwks = check.keySet(pathOf('jwks'), pool['jwks']);
  const jwksUri = pool['jwksUri'];
  if (jwksUri !== undefined) {
    check.url(pathOf('jwksUri'), jwksUri);
    if (jwks) check.fail(pathOf('jwksUri'), 'stands beside "jwks"; give one of them');
  }
  return {
    name: pool['name'] === undefined ? userPoolId : check.text(pathOf('name'), pool['name']),
    userPoolId,
    clientIds: check.clientIds(pathOf('clientId'), pool['clientId']),
    audiencesOfClients: audiencesOfClients(check, pathOf('clientId'), pool['clientId']),
    tokenUse: check.tokenUse(pathOf('tokenUse'), pool['tokenUse'] ?? 'access'),
    audiences:
      pool['audience'] === undefined
        ? undefined
        : new Set(check.texts(pathOf('audience'), pool['audience'])),
    issuers: new Map(
      issuersOf(check, pool, userPoolId, pathOf).map((issuer) => [
        issuer,
        typeof jwksUri === 'string'
          ? jwksUri
          : `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`,
      ]),
    ),
    jwks,
  };
}

function issuersOf(
  check: OptionsCheck,
  pool: Given,
  userPoolId: string,
  pathOf: (name: string) => string,
): string[] {
  const replicaRegions =
    pool['replicaRegions'] === undefined
      ? []
      : check.regions(pathOf('replicaRegions'), pool['replicaRegions']);
  const given = regionIn(check, pool, userPoolId, pathOf);
  if (pool['issuer'] !== undefined) {
    if (replicaRegions.length > 0) {
      check.fail(
        pathOf('replicaRegions'),
        'has no effect beside "issuer"; list every issuer there',
      );
    }
    const issuers = check.texts(pathOf('issuer'), pool['issuer']);
    for (const issuer of issuers) check.issuer(pathOf('issuer'), issuer);
    return issuers;
  }
  const region = regionOf(userPoolId) ?? given;
  if (region) return awsIssuersOf(userPoolId, region, replicaRegions);
  if (userPoolId) {
    check.fail(
      pathOf('userPoolId'),
      `must look like eu-west-1_AbCdEf123, got ${shown(userPoolId)}; for a user pool that is not at AWS give its "issuer", too`,
    );
  }
  return [];
}

/** The option `region`, where it is given. */
function regionIn(
  check: OptionsCheck,
  pool: Given,
  userPoolId: string,
  pathOf: (name: string) => string,
): string | undefined {
  if (pool['region'] === undefined) return undefined;
  // What emulators call their Region; AWS has no addresses there.
  if (pool['region'] === 'local' && userPoolId.startsWith('local_')) return undefined;
  const region = check.region(pathOf('region'), pool['region']);
  const ofPool = regionOf(userPoolId);
  if (region && ofPool && region !== ofPool) {
    check.fail(
      pathOf('region'),
      `is ${shown(region)}, but ${shown(userPoolId)} ("${pathOf('userPoolId')}") is a user pool in ${shown(ofPool)}; one of them is wrong (replicas stand in "replicaRegions")`,
    );
  }
  return region;
}

/** The audiences of the app clients that have some of their own. */
function audiencesOfClients(
  check: OptionsCheck,
  path: string,
  clients: unknown,
): ResolvedUserPool['audiencesOfClients'] {
  const audiences = new Map<string, ReadonlySet<string> | null>();
  for (const [index, client] of (Array.isArray(clients) ? clients : []).entries()) {
    if (!isObject(client) || !Object.hasOwn(client, 'audience')) continue;
    const { clientId, audience } = client;
    const place = `${path}[${index}].audience`;
    check.given(place, client, 'audience');
    if (audience === undefined) continue;
    audiences.set(
      clientId as string,
      audience === null ? null : new Set(check.texts(place, audience)),
    );
  }
  return audiences.size > 0 ? audiences : undefined;
}

function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resolveTokenCache(
  check: OptionsCheck,
  given: unknown,
): Required<TokenCacheOptions> | false {
  if (given === false) return false;
  const cache = check.object(
    given ?? {},
    'tokenCache',
    ['maxEntries', 'maxAge'],
    'an object or false',
  );
  return {
    maxEntries: check.integer('tokenCache.maxEntries', cache['maxEntries'] ?? 5_000),
    maxAge: check.number('tokenCache.maxAge', cache['maxAge'] ?? Number.MAX_SAFE_INTEGER, {
      from: 1,
      unit: 'milliseconds',
    }),
  };
}

function resolveKeys(check: OptionsCheck, given: unknown): ResolvedOptions['keys'] {
  const keys = check.object(given ?? {}, 'keys', [
    'maxAge',
    'staleFor',
    'cooldown',
    'timeout',
    'maxBytes',
    'preload',
    'fetcher',
  ]);
  const milliseconds = (name: string, from: number, fallback: number, to?: number) =>
    check.number(`keys.${name}`, keys[name] ?? fallback, { from, to, unit: 'milliseconds' });
  return {
    maxAge: milliseconds('maxAge', 1, 600_000),
    staleFor: milliseconds('staleFor', 0, 86_400_000),
    cooldown: milliseconds('cooldown', 0, 10_000),
    timeout: milliseconds('timeout', 1, 3_000, 60_000),
    maxBytes: check.integer('keys.maxBytes', keys['maxBytes'] ?? 524_288),
    preload: check.oneOf('keys.preload', keys['preload'] ?? 'background', [
      'background',
      'required',
      'lazy',
    ]),
    fetcher: check.fetcher('keys.fetcher', keys['fetcher']),
  };
}

function numberFrom(text: string | undefined): unknown {
  if (!text?.trim()) return undefined;
  return /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text;
}

type Given = Record<string, unknown>;

interface Range {
  readonly from: number;
  readonly to?: number;
  readonly unit: string;
}

/** Collects what is wrong; each check returns a usable value, so that the others can go on. */
class OptionsCheck {
  private readonly problems: string[] = [];

  fail(path: string, problem: string): void {
    this.problems.push(`"${path}" ${problem}.`);
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw new CognitoAuthOptionsError(this.problems);
  }

  object(value: unknown, path: string, names: readonly string[], expected = 'an object'): Given {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.fail(path || 'options', `must be ${expected}, got ${shown(value)}`);
      return {};
    }
    for (const name of Object.keys(value)) {
      if (names.includes(name)) continue;
      this.fail(
        path ? `${path}.${name}` : name,
        `is not an option; there are ${names.map((known) => `"${known}"`).join(', ')}`,
      );
    }
    return value as Given;
  }

  /**
   * Refuses an option that is there but undefined, as what a circular import leaves behind: taken
   * for missing, it would switch a check off.
   */
  given(path: string, options: Given, name: string): void {
    if (!Object.hasOwn(options, name) || options[name] !== undefined) return;
    this.fail(path, 'is undefined; is there a circular import? To do without it, leave it out');
  }

  text(path: string, value: unknown): string {
    if (typeof value === 'string' && value !== '' && value.trim() === value) return value;
    this.fail(path, `must be a text without spaces around it, got ${shown(value)}`);
    return '';
  }

  texts(path: string, value: unknown): string[] {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0) this.fail(path, 'must not be an empty list');
    return list.map((item) => this.text(path, item));
  }

  /** The values of a variable, which has commas between them. */
  listIn(variable: string, text: string): string[] {
    // In an audience, a URL, a semicolon may stand for itself.
    const separators = variable === VARIABLES.audience ? /,/ : /[,;]/;
    const values = text.split(separators).map((value) => value.trim());
    const named = values.filter((value) => value !== '');
    if (named.length < values.length || (separators.test(';') && text.includes(';'))) {
      this.fail(
        variable,
        `is ${shown(text)}; write one comma between values, as in ${named.join(',') || 'a,b'}`,
      );
    }
    return named;
  }

  userPoolId(path: string, value: unknown, region: unknown): string {
    if (value === undefined) {
      this.fail(path, missing('userPoolId', 'for example eu-west-1_AbCdEf123'));
      return '';
    }
    if (typeof value === 'string' && USER_POOL_ID.test(value)) return value;
    const isWithoutRegion = typeof value === 'string' && /^[0-9A-Za-z]{9,}$/.test(value);
    const prefix =
      typeof region === 'string' && isRegion(region) ? `"${region}_"` : 'the Region and "_"';
    const hint = isWithoutRegion ? `; put ${prefix} in front` : '';
    this.fail(path, `must look like eu-west-1_AbCdEf123, got ${shown(value)}${hint}`);
    return '';
  }

  clientIds(path: string, value: unknown): ReadonlySet<string> | null {
    if (value === null) return null;
    if (value === undefined) {
      this.fail(path, missing('clientId', 'or give null to accept every app client'));
      return new Set();
    }
    if (isObject(value) && typeof value['clientId'] === 'string') {
      this.fail(path, `must be a list where an app client is an object: [${shown(value)}]`);
      return new Set();
    }
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.length === 0) {
      this.fail(path, 'must not be an empty list; null accepts every app client');
    }
    const names = list.map((item, index) =>
      isObject(item) && list === value ? this.clientOf(`${path}[${index}]`, item) : item,
    );
    for (const name of names) this.clientId(path, name);
    this.distinctClients(path, list, names);
    return new Set(names as string[]);
  }

  private clientOf(path: string, client: Given): unknown {
    return this.object(client, path, ['clientId', 'audience'])['clientId'];
  }

  private clientId(path: string, value: unknown): void {
    if (typeof value === 'string' && CLIENT_ID.test(value)) return;
    const names = typeof value === 'string' && /[,;]/.test(value) ? value.split(/[\s,;]+/) : [];
    if (names.length > 0 && names.every((name) => CLIENT_ID.test(name))) {
      this.fail(path, `is several app clients in one text; write a list: ${JSON.stringify(names)}`);
    } else {
      this.fail(path, `must look like 1h57kf5cpq17m0eml12EXAMPLE, got ${shown(value)}`);
    }
  }

  /** An app client that stands there with and without an audience has none that is certain. */
  private distinctClients(path: string, list: unknown[], names: unknown[]): void {
    const twice = names.find(
      (name, index) => isObject(list[index]) && names.filter((other) => other === name).length > 1,
    );
    if (typeof twice === 'string') this.fail(path, `has ${shown(twice)} twice`);
  }

  tokenUse(path: string, value: unknown): TokenUse[] {
    const list: unknown[] = Array.isArray(value) ? value : [value];
    const isTokenUse = (item: unknown): item is TokenUse =>
      TOKEN_USES.some((tokenUse) => tokenUse === item);
    if (list.length > 0 && list.every(isTokenUse)) return list;
    this.fail(path, `must be "access", "id" or a list of both, got ${shown(value)}`);
    return [];
  }

  regions(path: string, value: unknown): string[] {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && isRegion(item))) {
      return value as string[];
    }
    this.fail(path, `must be a list of Regions like ["us-west-2"], got ${shown(value)}`);
    return [];
  }

  region(path: string, value: unknown): string | undefined {
    if (typeof value === 'string' && isRegion(value)) return value;
    this.fail(path, `must be a Region like "eu-west-1", got ${shown(value)}`);
    return undefined;
  }

  url(path: string, value: unknown): boolean {
    // What URL leaves out or mends on the way is not the address that was written down.
    if (typeof value === 'string' && /^https?:\/\/[^\s\\#]+$/i.test(value) && URL.canParse(value)) {
      const { username, password } = new URL(value);
      if (!username && !password) return true;
    }
    this.fail(path, `must be an absolute https: or http: URL, got ${shown(value)}`);
    return false;
  }

  issuer(path: string, value: string): void {
    // OpenID Connect Discovery 1.0 §3: the address of the key set is made by appending to it.
    if (!this.url(path, value) || !value.includes('?')) return;
    this.fail(path, `must be a URL without a query, got ${shown(value)}`);
  }

  keySet(path: string, value: unknown): FixedKeys | undefined {
    if (value === undefined) return undefined;
    try {
      const keys = new FixedKeys(value);
      if (keys.size > 0) return keys;
    } catch {
      // Said below, with the same words.
    }
    this.fail(
      path,
      'must be a key set { keys: [...] } with at least one RSA key of 2048 bits or more that has a kid',
    );
    return undefined;
  }

  extractors(options: Given): readonly TokenExtractor[] {
    const value = options['tokenFrom'];
    if (value === undefined) {
      this.given('tokenFrom', options, 'tokenFrom');
      return [fromBearerHeader()];
    }
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.length > 0 && list.every((item) => typeof item === 'function')) {
      return list as TokenExtractor[];
    }
    this.fail('tokenFrom', `must be an extractor or a list of them, got ${shown(value)}`);
    return [];
  }

  fetcher(path: string, value: unknown): KeyOptions['fetcher'] {
    if (value === undefined || typeof value === 'function') return value as KeyOptions['fetcher'];
    this.fail(path, `must be a function from an address to a key set, got ${shown(value)}`);
    return undefined;
  }

  number(path: string, value: unknown, { from, to, unit }: Range): number {
    if (typeof value === 'number' && value >= from && value <= (to ?? Number.MAX_SAFE_INTEGER)) {
      return value;
    }
    const range = to === undefined ? `of at least ${from}` : `from ${from} to ${to}`;
    this.fail(path, `must be a number ${range} (${unit}), got ${shown(value)}`);
    return from;
  }

  integer(path: string, value: unknown): number {
    if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
    this.fail(path, `must be a whole number of at least 1, got ${shown(value)}`);
    return 1;
  }

  boolean(path: string, value: unknown): boolean {
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    this.fail(path, `must be true or false, got ${shown(value)}`);
    return false;
  }

  oneOf<T extends string>(path: string, value: unknown, names: readonly T[]): T {
    const found = names.find((name) => name === value);
    if (!found) this.fail(path, `must be one of ${names.join(', ')}, got ${shown(value)}`);
    return found ?? (names[0] as T);
  }

  property(value: unknown): string {
    const isName = typeof value === 'string' && /^[A-Za-z_$][\w$]*$/.test(value);
    if (isName && !(value in Object.prototype)) return value;
    this.fail('property', `must be the name of a property like "user", got ${shown(value)}`);
    return 'user';
  }

  realm(value: unknown): string {
    // RFC 9110 §5.6.4: what a quoted string may hold without escapes.
    if (typeof value === 'string' && /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(value)) return value;
    this.fail(
      'realm',
      `must be printable ASCII without quotes and backslashes, got ${shown(value)}`,
    );
    return '';
  }

  distinct(name: string, values: readonly string[]): void {
    const twice = values.find((value, index) => value !== '' && values.indexOf(value) !== index);
    if (twice === undefined) return;
    this.fail('userPools', `must differ in "${name}", but ${shown(twice)} stands there twice`);
  }
}

function missing(option: keyof typeof VARIABLES, hint: string): string {
  return `is missing; give it to the module or set ${VARIABLES[option]}, ${hint}`;
}

/** The value for a message: short, and never a key set or a function in full. */
function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  const oneLine = { depth: 1, compact: true, breakLength: Infinity };
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, oneLine);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
