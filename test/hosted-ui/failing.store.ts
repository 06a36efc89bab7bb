import { Keyv } from 'keyv';

/** A store that can be cut off, which Keyv then reports as it does for its adapters: not at all. */
export class FailingStore {
  isDown = false;
  /** Whether it answers, and takes nothing, as a replica or one without memory. */
  isFull = false;
  /** How many calls it still answers. */
  callsLeft = Infinity;
  private readonly keyv = new Keyv();

  async getMany(keys: string[]): Promise<unknown[]> {
    return this.answers() ? this.keyv.getMany(keys) : keys.map(() => undefined);
  }

  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return this.answers() && !this.isFull && this.keyv.set(key, value, ttl);
  }

  async delete(key: string): Promise<boolean> {
    return this.answers() && this.keyv.delete(key);
  }

  private answers(): boolean {
    this.callsLeft -= 1;
    return !this.isDown && this.callsLeft >= 0;
  }
}
