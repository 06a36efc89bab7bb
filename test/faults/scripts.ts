import { createGzip, gzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import type { Script } from './jwks.server.js';

/** Answers with this document, as it is at that time. */
export function document(content: () => unknown): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(content()));
  };
}

/** Answers with this text. */
export function text(body: string, type = 'application/json'): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': type }).end(body);
  };
}

/** Answers with this status, and with a document that would do if the status were 200. */
export function status(code: number, content: () => unknown): Script {
  return (response) => {
    response.writeHead(code, { 'content-type': 'application/json' });
    response.end(code === 204 ? undefined : JSON.stringify(content()));
  };
}

/** Sends the client elsewhere. */
export function redirect(code: number, location: string): Script {
  return (response) => {
    response.writeHead(code, { location }).end();
  };
}

/** Reads the request and never says anything. */
export const silence: Script = () => undefined;

/** Closes the connection in place of an answer. */
export const hangUp: Script = (response) => response.socket?.destroy();

/** Resets the connection in place of an answer. */
export const reset: Script = (response) => response.socket?.resetAndDestroy();

/** Sends half of a document and never the rest. */
export function stall(content: () => unknown): Script {
  return (response) => sendHalf(response, content());
}

/** Sends half of a document and resets the connection. */
export function resetInTheMiddle(content: () => unknown): Script {
  return (response) => sendHalf(response, content(), () => response.socket?.resetAndDestroy());
}

/** Sends half of a document as if it were whole. */
export function truncated(content: () => unknown): Script {
  return (response) => {
    const body = JSON.stringify(content());
    response.writeHead(200).end(body.slice(0, body.length / 2));
  };
}

function sendHalf(response: ServerResponse, content: unknown, then?: () => void): void {
  const body = JSON.stringify(content);
  response.writeHead(200, { 'content-length': body.length });
  response.write(body.slice(0, body.length / 2), then);
}

/** Sends one byte after the other, so that something always comes and nothing ever ends. */
export const drip: Script = (response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 10);
  response.once('close', () => clearInterval(timer));
};

/** Sends a good document that is blown up to this size. */
export function padded(content: () => unknown, bytes: number): Script {
  return (response) => {
    const body = JSON.stringify(content()).padEnd(bytes);
    response.writeHead(200, { 'content-length': body.length }).end(body);
  };
}

/** Answers with this document in a compressed form, as a content delivery network may. */
export function compressed(content: () => unknown): Script {
  return (response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(gzipSync(JSON.stringify(content())));
  };
}

const MEGABYTE = Buffer.alloc(2 ** 20, ' ');

/** Sends blanks, as fast as they are taken, for as long as they are. */
export const endless: Script = (response) => {
  response.writeHead(200);
  const pour = () => {
    while (!response.destroyed && response.write(MEGABYTE));
  };
  response.on('drain', pour);
  pour();
};

/** Sends blanks without end, of which a thousand take one byte. */
export const zipBomb: Script = (response) => {
  response.writeHead(200, { 'content-encoding': 'gzip' });
  const gzip = createGzip();
  gzip.pipe(response);
  const pour = () => {
    while (!response.destroyed && gzip.write(MEGABYTE));
  };
  gzip.on('drain', pour);
  response.once('close', () => gzip.destroy());
  pour();
};

/** A script that waits for leave to go on. */
export interface Held {
  readonly script: Script;
  /** Lets all answers go, those that wait and those that come later. */
  release(): void;
}

/** Holds every answer back until it is released. */
export function held(script: Script): Held {
  const waiting: (() => void)[] = [];
  let isReleased = false;
  return {
    script: (response, request) => {
      if (isReleased) return script(response, request);
      waiting.push(() => script(response, request));
    },
    release: () => {
      isReleased = true;
      for (const proceed of waiting.splice(0)) proceed();
    },
  };
}
