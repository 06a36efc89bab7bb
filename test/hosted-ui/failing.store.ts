import { Keyv } from 'keyv';

/** A store that can be cut off, which Keyv then reports as it does for its adapters: not at all. */
export class FailingStore {
  isDown = false;
  private readonly keyv = new Keyv();

  async getMany(keys: string[]): Promise<unknown[]> {
    return this.isDown ? keys.map(() => undefined) : this.keyv.getMany(keys);
  }

  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return !this.isDown && this.keyv.set(key, value, ttl);
  }

  async delete(key: string): Promise<boolean> {
    return !this.isDown && this.keyv.delete(key);
  }
}
