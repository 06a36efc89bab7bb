import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Account, Profile } from './account.js';

const COLUMNS =
  'id, user_pool_id AS "userPoolId", sub, username, email, name, created_at AS "createdAt"';

/** The users of the application, and what they may do in it. */
@Injectable()
export class UsersRepository {
  constructor(private readonly database: Database) {}

  async find({ userPoolId, sub }: Profile): Promise<Account | undefined> {
    const [account] = await this.database.rows<Account>(
      `SELECT ${COLUMNS} FROM users WHERE user_pool_id = $1 AND sub = $2`,
      [userPoolId, sub],
    );
    return account;
  }

  /** Creates the user, or brings the row up to date; what the profile does not say stays. */
  async save({ userPoolId, sub, username, email, name }: Profile): Promise<Account> {
    // Two first requests may come at a time, to two instances: both must end with the same row.
    const [account] = await this.database.rows<Account>(
      `INSERT INTO users (user_pool_id, sub, username, email, name) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (user_pool_id, sub) DO UPDATE SET
         username = excluded.username,
         email = coalesce(excluded.email, users.email),
         name = coalesce(excluded.name, users.name)
       RETURNING ${COLUMNS}`,
      [userPoolId, sub, username, email, name],
    );
    if (!account) throw new Error('The database returned no row for a user that it saved');
    return account;
  }

  async withUsername(username: string): Promise<Account[]> {
    return this.database.rows(`SELECT ${COLUMNS} FROM users WHERE username = $1`, [username]);
  }

  async giveRole({ id }: Account, role: string): Promise<void> {
    await this.database.rows('INSERT INTO user_roles VALUES ($1, $2)', [id, role]);
  }

  /** What the roles of a user permit; the groups of the user pool count as roles of their names. */
  async permissionsOf({ id }: Account, groups: readonly string[]): Promise<string[]> {
    const rows = await this.database.rows<{ permission: string }>(
      `SELECT DISTINCT permission FROM role_permissions
       WHERE role = ANY ($2) OR role IN (SELECT role FROM user_roles WHERE user_id = $1)`,
      [id, groups],
    );
    return rows.map(({ permission }) => permission);
  }
}
