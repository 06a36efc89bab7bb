import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort } from '../support/free-port.js';

/** The program `redis-server` of this machine, or `undefined` when it is not installed. */
export const REDIS_PROGRAM = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find(isExecutable);

/** A Redis server of its own, on a port of its own, that persists everything at once. */
export class RedisServer {
  private server?: ChildProcess;

  private constructor(
    private readonly port: number,
    private readonly folder: string,
  ) {}

  /** Finds a place for a server, which is not started yet. */
  static async create(): Promise<RedisServer> {
    return new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'redis-')));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resolves when the server accepts connections. */
  async start(): Promise<void> {
    const network = ['--bind', '127.0.0.1', '--port', String(this.port)];
    const files = [
      '--dir',
      this.folder,
      '--save',
      '',
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
    ];
    this.server = spawn(REDIS_PROGRAM ?? 'redis-server', [...network, ...files], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await writes(this.server, 'Ready to accept connections');
  }

  /** Resolves when the process is gone. */
  async stop(): Promise<void> {
    const { server } = this;
    if (!server || server.exitCode !== null) return;
    const end = once(server, 'close');
    server.kill('SIGCONT');
    server.kill('SIGTERM');
    await end;
  }

  /** Keeps the connections, and answers nothing. */
  freeze(): void {
    this.server?.kill('SIGSTOP');
  }

  thaw(): void {
    this.server?.kill('SIGCONT');
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true });
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function writes({ stdout }: ChildProcess, line: string): Promise<void> {
  let output = '';
  for await (const text of stdout ?? []) {
    output += String(text);
    if (output.includes(line)) break;
  }
  if (!output.includes(line)) throw new Error(`redis-server did not start:\n${output}`);
}
