import { Global, Injectable, Module } from '@nestjs/common';
import type { CognitoPrincipal, IdentityResolver } from 'nestjs-cognito-auth';

/** A user as an application keeps it. */
export interface Account {
  readonly id: number;
  readonly username: string;
}

/** Where the accounts of the application are; it has none for `eve`. */
@Injectable()
export class UsersRepository {
  async find(username: string): Promise<Account | null> {
    const id = ['alice', 'bob'].indexOf(username) + 1;
    return id === 0 ? null : { id, username };
  }
}

/** An identity hook with a dependency. */
@Injectable()
export class AccountOfUser implements IdentityResolver<Account> {
  constructor(private readonly users: UsersRepository) {}

  resolve(principal: CognitoPrincipal): Promise<Account | null> {
    return this.users.find(principal.kind === 'user' ? principal.username : '');
  }
}

/** What the application knows about its users, for those who import it. */
@Module({
  providers: [UsersRepository, AccountOfUser],
  exports: [UsersRepository, AccountOfUser],
})
export class UsersModule {}

/** The same for everybody. */
@Global()
@Module({ imports: [UsersModule], exports: [UsersModule] })
export class GlobalUsersModule {}
