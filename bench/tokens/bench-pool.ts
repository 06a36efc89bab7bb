import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { POOL, SCOPES, USER } from './cognito.js';
import type { PoolSetup } from './cognito.js';
import { type ManyUsers, tokensOfManyUsers } from './many-users.js';

/** Tokens of one user pool for traffic that is seen, new or mixed. */
export interface BenchTokens {
  readonly setup: PoolSetup;
  readonly familiar: readonly string[];
  readonly fresh: readonly string[];
  /** Must be refused by every guard. */
  readonly forged: string;
  /** Must be refused by every guard that checks the claims of Cognito. */
  readonly misused: readonly string[];
}

const FAMILIAR = 100;
// More than the 5,000 tokens that our cache holds by default, and the 1,000 of fast-jwt.
const FRESH = 6_000;
// The signatures of these keys take fifteen times as long, so caches are made smaller for them.
const FRESH_OF_LONG_KEYS = 300;

/** Entries of a token cache that forgets a fresh token before its turn comes again. */
export const CACHE_FOR_LONG_KEYS = FRESH_OF_LONG_KEYS - 50;

/** The user pool of all parts: its tokens, the server of its keys, and a folder for files. */
export class BenchPool {
  private longKeyTokens?: Promise<BenchTokens>;
  private many?: ManyUsers;

  private constructor(
    /** With keys of 2048 bits, as those of Cognito. */
    readonly tokens: BenchTokens,
    private readonly server: LocalUserPoolServer,
    private readonly folder: string,
  ) {}

  static async create(): Promise<BenchPool> {
    const pool = await createPool(2048);
    const server = await pool.listen();
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-cognito-auth-bench-'));
    return new BenchPool(issue(pool, server.jwksUri, FRESH), server, folder);
  }

  /** Tokens of a user pool with keys of 4096 bits, and without a server. */
  ofLongKeys(): Promise<BenchTokens> {
    this.longKeyTokens ??= createPool(4096).then((pool) => issue(pool, '', FRESH_OF_LONG_KEYS));
    return this.longKeyTokens;
  }

  /** A token for each of so many users. */
  async ofManyUsers(count: number): Promise<ManyUsers> {
    if (!this.many || this.many.tokens.length < count) this.many = await tokensOfManyUsers(count);
    return { ...this.many, tokens: this.many.tokens.slice(0, count) };
  }

  /** Writes lines that another process is to read. */
  async write(name: string, lines: readonly string[]): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, `${lines.join('\n')}\n`);
    return file;
  }

  async close(): Promise<void> {
    await Promise.all([this.server.close(), rm(this.folder, { recursive: true, force: true })]);
  }
}

function createPool(keySize: number): Promise<LocalUserPool> {
  const { clientId, ...pool } = POOL;
  return LocalUserPool.create({ ...pool, clients: [{ clientId }], users: [USER], keySize });
}

function issue(pool: LocalUserPool, jwksUri: string, fresh: number): BenchTokens {
  const tokens = Array.from({ length: FAMILIAR + fresh }, () => accessToken(pool));
  return {
    setup: { ...POOL, jwksUri, jwks: pool.jwks() },
    familiar: tokens.slice(0, FAMILIAR),
    fresh: tokens.slice(FAMILIAR),
    forged: pool.forgedToken({ scopes: SCOPES }),
    misused: [
      pool.idToken(USER.username),
      accessToken(pool, { client_id: 'another' }),
      accessToken(pool, { iss: `${POOL.issuer}2` }),
    ],
  };
}

function accessToken(pool: LocalUserPool, claims?: Record<string, unknown>): string {
  return pool.accessToken(USER.username, { scopes: SCOPES, claims });
}
