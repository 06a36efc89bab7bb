import { PGlite } from '@electric-sql/pglite';
import { dataDir } from '@electric-sql/pglite-prepopulatedfs';

/**
 * Starts an empty PostgreSQL in the memory of this process.
 *
 * It begins with a copy of what PostgreSQL sets up at its first start, which takes seconds.
 */
export async function startPostgres(): Promise<PGlite> {
  return PGlite.create({ loadDataDir: await dataDir() });
}
