import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { onCore } from '../cores.js';
import { CONNECTIONS } from '../knobs.js';
import type { TokenStream } from '../tokens/token-stream.js';

/** Requests that carry the tokens of a stream. */
export interface LoadSource {
  readonly stream: TokenStream;
  /** Its familiar tokens and then its fresh ones, a line each; for wrk. */
  readonly file: string;
  /** The header that carries them as they are. Default: `Authorization`, as bearer tokens. */
  readonly header?: string;
}

/** What one stream of requests came to. */
export interface Load {
  /** Answers a second, of any status. */
  readonly rate: number;
  /** The part of the answers that has a status of 400 or more, from 0 to 1. */
  readonly refused: number;
  /** The number of answers. */
  readonly requests: number;
}

let tool: 'wrk' | 'autocannon' | undefined;

/** wrk where it is installed, else autocannon. */
export function loadTool(): 'wrk' | 'autocannon' {
  // Without arguments it prints how to use it.
  tool ??= spawnSync('wrk').error ? 'autocannon' : 'wrk';
  return tool;
}

/** Sends requests for a time, each connection one after the other. */
export function sendLoad(url: string, source: LoadSource, seconds: number): Promise<Load> {
  return loadTool() === 'wrk'
    ? sendWithWrk(url, source, seconds)
    : sendWithAutocannon(url, source, seconds);
}

// Copied to where the compiled files are, it would be a second one to keep.
const SCRIPT = fileURLToPath(new URL('../../http/wrk.lua', import.meta.url));

async function sendWithWrk(url: string, { stream, file, header }: LoadSource, seconds: number) {
  const [command, args] = onCore('load', 'wrk', [
    '--threads=1',
    `--connections=${CONNECTIONS}`,
    `--duration=${seconds}s`,
    `--script=${SCRIPT}`,
    url,
    '--',
    file,
    String(stream.familiar.length),
    String(stream.freshPerTen),
    String(stream.position),
    header ?? 'Authorization',
  ]);
  const { stdout } = await promisify(execFile)(command, args);
  const { position, requests, microseconds, refused, broken } = JSON.parse(
    stdout.slice(stdout.lastIndexOf('{')),
  ) as Record<'position' | 'requests' | 'microseconds' | 'refused' | 'broken', number>;
  if (broken > 0) throw new Error(`${broken} requests to ${url} had no answer`);
  stream.position = position;
  return { rate: requests / (microseconds / 1e6), refused: refused / requests, requests };
}

async function sendWithAutocannon(url: string, { stream, header }: LoadSource, seconds: number) {
  const { requests, non2xx, errors, duration } = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [
      {
        setupRequest: (request) => ({
          ...request,
          headers: { ...request.headers, ...headerOf(stream.next(), header) },
        }),
      },
    ],
  });
  if (errors > 0) throw new Error(`${errors} requests to ${url} had no answer`);
  const { total } = requests;
  return { rate: total / duration, refused: non2xx / total, requests: total };
}

function headerOf(value: string, header?: string): Record<string, string> {
  return header === undefined ? { authorization: `Bearer ${value}` } : { [header]: value };
}
