import { connect } from 'node:net';

/** A request that is written by hand, for any route. */
export interface WireRequest {
  /** Its bytes, one character for each (latin1). */
  readonly to: (target: string) => string;
  /** Whether it is a HEAD request, whose answer has no body. */
  readonly isHead?: boolean;
  /** The tokens in it, which must not come back. */
  readonly tokens: readonly string[];
}

/** An answer, with its headers in lower case and in the order in which they came. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Everything, as it came. */
  readonly text: string;
}

/** Tells a hang from an answer; no answer takes a fraction of it. In milliseconds. */
const HANG = 5_000;

/** A GET request with these lines of headers, of which `tokens` are the secrets. */
export function get(headerLines: readonly string[], ...tokens: string[]): WireRequest {
  return { tokens, to: (target) => bytesOf(`GET ${target} HTTP/1.1`, headerLines) };
}

/** A POST request with a JSON body, of which `tokens` are the secrets. */
export function post(
  headerLines: readonly string[],
  json: string,
  ...tokens: string[]
): WireRequest {
  const body = Buffer.from(json).toString('latin1');
  const lines = [
    ...headerLines,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ];
  return { tokens, to: (target) => bytesOf(`POST ${target} HTTP/1.1`, lines) + body };
}

/** The bytes of a request up to its body. */
export function bytesOf(requestLine: string, headerLines: readonly string[]): string {
  return `${[requestLine, 'Host: 127.0.0.1', 'Connection: close', ...headerLines].join('\r\n')}\r\n\r\n`;
}

/** The only value of a header, `null` without one; two are an error. */
export function headerOf(answer: Answer, name: string): string | null {
  const values = answer.headers.filter(([candidate]) => candidate === name);
  if (values.length > 1) throw new Error(`The answer has ${values.length} ${name} headers`);
  return values[0]?.[1] ?? null;
}

/**
 * Writes bytes to a port of this machine and reads until the server closes the connection.
 *
 * Resolves with all answers that came, none when the connection was dropped without one.
 */
export async function exchange(
  port: number,
  bytes: string,
  { isHead = false, deadline = HANG } = {},
): Promise<Answer[]> {
  return answersIn(await received(port, bytes, deadline), isHead);
}

function received(port: number, bytes: string, deadline: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const timer = setTimeout(() => {
      reject(new Error(`The server neither answered in full nor hung up within ${deadline} ms`));
      socket.destroy();
    }, deadline);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (text += chunk));
    // A server that refuses early may reset a connection that is still being written to.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

function answersIn(text: string, isHead: boolean): Answer[] {
  const answers: Answer[] = [];
  for (let rest = text; rest !== '';) {
    const answer = firstAnswerOf(rest, isHead);
    answers.push(answer);
    rest = rest.slice(answer.text.length);
  }
  return answers;
}

function firstAnswerOf(text: string, isHead: boolean): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1];
  if (end === -1 || !status) throw new Error(`Not an HTTP answer: ${text.slice(0, 200)}`);
  const headers = lines.map(headerIn);
  const bodyStart = end + 4;
  const length = isHead ? 0 : lengthOf(headers, text.length - bodyStart);
  const bodyEnd = bodyStart + length;
  return {
    status: Number(status),
    headers,
    body: text.slice(bodyStart, bodyEnd),
    text: text.slice(0, bodyEnd),
  };
}

function headerIn(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function lengthOf(headers: Answer['headers'], rest: number): number {
  const length = headers.find(([name]) => name === 'content-length')?.[1];
  return length === undefined ? rest : Number(length);
}
