import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { LocalPool } from '../local-pool.js';
import type { Profile } from './account.js';
import { UsersRepository } from './users.repository.js';

/** Roles that no token mentions; nobody but the database knows them. */
const ROLES = new Map([['carol', 'clerk']]);

/** Puts the users of the local user pool into the database before the first request. */
@Injectable()
export class LocalUsersSeed implements OnModuleInit {
  constructor(
    private readonly localPool: LocalPool,
    private readonly users: UsersRepository,
  ) {}

  async onModuleInit(): Promise<void> {
    const { userPoolId } = this.localPool;
    await Promise.all(this.localPool.users.map((user) => this.add({ userPoolId, ...user })));
  }

  private async add(user: Profile): Promise<void> {
    const account = await this.users.save(user);
    const role = ROLES.get(user.username);
    if (role) await this.users.giveRole(account, role);
  }
}
