import { Injectable } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { PGlite } from '@electric-sql/pglite';
import { startPostgres } from './postgres.js';
import { SCHEMA } from './schema.js';

/** The database of the demo: new at every start, and gone with the process. */
@Injectable()
export class Database implements OnModuleInit, OnApplicationShutdown {
  private postgres?: PGlite;

  /** The rows that a statement returns; `$1`, `$2` … in it stand for the parameters. */
  async rows<Row>(statement: string, parameters: readonly unknown[]): Promise<Row[]> {
    if (!this.postgres) throw new Error('The database has not started yet');
    const { rows } = await this.postgres.query<Row>(statement, [...parameters]);
    return rows;
  }

  async onModuleInit(): Promise<void> {
    this.postgres = await startPostgres();
    await this.postgres.exec(SCHEMA);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.postgres?.close();
  }
}
