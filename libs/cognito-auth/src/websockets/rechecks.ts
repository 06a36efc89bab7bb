import type { Connection } from './connection.js';

/** How many sockets are asked about at a time, so that a store is not asked for all at once. */
const AT_A_TIME = 16;

/** Asks again about every open socket from time to time, as long as there is one. */
export class Rechecks {
  private readonly open = new Set<Connection>();
  private timer?: NodeJS.Timeout;
  private isRunning = false;

  /** @param every milliseconds */
  constructor(private readonly every: number) {}

  add(connection: Connection): void {
    this.open.add(connection);
    this.timer ??= setInterval(() => void this.run(), this.every).unref();
  }

  delete(connection: Connection): void {
    this.open.delete(connection);
    if (this.open.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async run(): Promise<void> {
    if (this.isRunning) return;
    this.isRunning = true;
    // One list for all: each takes the next that nobody has taken.
    const connections = [...this.open].values();
    await Promise.all(Array.from({ length: AT_A_TIME }, () => recheckAll(connections)));
    this.isRunning = false;
  }
}

async function recheckAll(connections: Iterable<Connection>): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- one after the other is what it is for
  for (const connection of connections) await connection.recheck();
}
