/** What the database knows of a user. */
export interface Account {
  readonly id: number;
  readonly userPoolId: string;
  readonly sub: string;
  readonly username: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly createdAt: Date;
}

/** What a token says of a user; an access token neither says the email address nor the name. */
export type Profile = Pick<Account, 'userPoolId' | 'sub' | 'username'> & {
  readonly email?: string;
  readonly name?: string;
};
