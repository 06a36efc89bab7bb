import { randomUUID } from 'node:crypto';
import { BASE62, randomText } from './random-text.js';

/** A user to create in a local user pool. Only the name is needed. */
export interface LocalUserSetup {
  username: string;
  /** Default: a random UUID. */
  sub?: string | undefined;
  /**
   * What the user types to sign in.
   *
   * Default: a random password, to be read from `pool.users`.
   */
  password?: string | undefined;
  email?: string | undefined;
  /** Default: true for a user with an email address. */
  emailVerified?: boolean | undefined;
  name?: string | undefined;
  /** Default: none, and then tokens have no `cognito:groups` at all, as in Cognito. */
  groups?: readonly string[] | undefined;
  /**
   * ARNs of the IAM roles of the user's groups, the group of highest precedence first: that role
   * becomes `cognito:preferred_role`.
   */
  roles?: readonly string[] | undefined;
  /**
   * Further attributes: standard ones under their OpenID Connect names, own ones as `custom:name`.
   * Values of custom attributes reach the ID token as strings, whatever their type is here.
   */
  attributes?: Readonly<Record<string, unknown>> | undefined;
}

/** A user of a local user pool, with everything that was left to defaults. */
export interface LocalUser {
  readonly username: string;
  readonly sub: string;
  readonly password: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  /** All attributes under the names and with the types that they have in an ID token. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Creates the users of a pool, or further ones beside those that it has; two users of one name, or a
 * user that Cognito could not have, throw.
 */
export function createUsers(
  setups: readonly LocalUserSetup[],
  existing: readonly LocalUser[] = [],
): readonly LocalUser[] {
  const users = new Map(existing.map((user) => [user.username, user]));
  for (const setup of setups) {
    if (users.has(setup.username)) {
      throw new Error(`LocalUserPool: "users" has two users named "${setup.username}".`);
    }
    users.set(setup.username, createUser(setup));
  }
  return Object.freeze([...users.values()]);
}

/** The user of this name; of any other name, an error that lists who there is. */
export function userNamed(username: string, users: readonly LocalUser[]): LocalUser {
  const user = users.find((candidate) => candidate.username === username);
  if (user) return user;

  const known = users.map((candidate) => `"${candidate.username}"`).join(', ') || 'no users';
  throw new Error(
    `LocalUserPool: there is no user "${username}"; this pool has ${known}. ` +
      'Add the user to "users" of LocalUserPool.create().',
  );
}

function createUser(setup: LocalUserSetup): LocalUser {
  const { username, sub = randomUUID(), password = randomText(BASE62, 16) } = setup;
  const { email, emailVerified = email === undefined ? undefined : true, name } = setup;
  const { groups = [], roles = [] } = setup;
  checkUser(setup);
  return Object.freeze({
    username,
    sub,
    password,
    email,
    emailVerified,
    name,
    groups: Object.freeze([...groups]),
    roles: Object.freeze([...roles]),
    attributes: Object.freeze({
      ...attributesOf(setup),
      ...(name !== undefined && { name }),
      ...(email !== undefined && { email }),
      ...(emailVerified !== undefined && { email_verified: emailVerified }),
    }),
  });
}

function attributesOf({ attributes = {} }: LocalUserSetup): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, name.startsWith('custom:') ? String(value) : value]),
  );
}

// The standard attributes of a user pool, without those that are fields of a user here.
const STANDARD_ATTRIBUTES = new Set([
  'address',
  'birthdate',
  'family_name',
  'gender',
  'given_name',
  'locale',
  'middle_name',
  'nickname',
  'phone_number',
  'phone_number_verified',
  'picture',
  'preferred_username',
  'profile',
  'updated_at',
  'website',
  'zoneinfo',
]);

function checkUser({ username, groups = [], roles = [], attributes = {} }: LocalUserSetup): void {
  if (username === '') throw new Error('LocalUserPool: "users" has a user without a name.');
  if (roles.length > 0 && groups.length === 0) {
    throw new Error(`LocalUserPool: user "${username}" has roles but no group to have them from.`);
  }
  const unknown = Object.keys(attributes).filter((name) => !isAttribute(name));
  if (unknown.length === 0) return;
  throw new Error(
    `LocalUserPool: user "${username}" has attributes that a user pool does not have: ` +
      `${unknown.map((name) => `"${name}"`).join(', ')}. Write own attributes as "custom:name", ` +
      'fields of a user beside "attributes", and other claims into "claims" of a token.',
  );
}

function isAttribute(name: string): boolean {
  return STANDARD_ATTRIBUTES.has(name) || /^custom:./.test(name);
}
