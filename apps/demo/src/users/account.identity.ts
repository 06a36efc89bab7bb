import { Injectable } from '@nestjs/common';
import type { CognitoPrincipal, CognitoUser, IdentityResolver } from 'nestjs-cognito-auth';
import type { Account } from './account.js';
import { UsersRepository } from './users.repository.js';

/** The current user: what the token says, and beside it what the database knows. */
export type Caller = CognitoPrincipal & {
  /** `null` for a machine, which has no row. */
  readonly account: Account | null;
};

/** Finds the caller in the database; who comes for the first time gets a row. */
@Injectable()
export class AccountIdentity implements IdentityResolver<Caller> {
  constructor(private readonly users: UsersRepository) {}

  async resolve(principal: CognitoPrincipal): Promise<Caller> {
    if (principal.kind === 'client') return { ...principal, account: null };
    const account = await this.accountOf(principal);
    const { email = account.email ?? undefined, name = account.name ?? undefined } = principal;
    return { ...principal, email, name, account };
  }

  private async accountOf(user: CognitoUser): Promise<Account> {
    const account = await this.users.find(user);
    return account && isUpToDate(account, user) ? account : this.users.save(user);
  }
}

function isUpToDate(account: Account, { username, email, name }: CognitoUser): boolean {
  if (account.username !== username) return false;
  if (email !== undefined && account.email !== email) return false;
  return name === undefined || account.name === name;
}
