import { Injectable } from '@nestjs/common';
import type { CognitoPrincipal, PermissionsProvider } from 'nestjs-cognito-auth';
import type { Caller } from './account.identity.js';
import { UsersRepository } from './users.repository.js';

/** Permits what the roles of a user permit. Machines have scopes instead. */
@Injectable()
export class RolePermissions implements PermissionsProvider<Caller> {
  constructor(private readonly users: UsersRepository) {}

  async permissionsOf({ groups }: CognitoPrincipal, { account }: Caller): Promise<string[]> {
    return account ? this.users.permissionsOf(account, groups) : [];
  }
}
