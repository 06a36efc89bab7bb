import { parse } from 'cookie';

/**
 * Makes a function that reads the values of one cookie from a header `Cookie`: two at most, because
 * nobody knows which of several to take.
 *
 * It decodes no other cookie, whatever the sender has filled the header with.
 */
export function cookieReader(name: string): (header: string) => string[] {
  const pattern = new RegExp(`(?:^|;)[\\t ]*(${escaped(name)}[\\t ]*=[^;]*)`, 'g');
  return (header) => {
    const [first, second] = header.matchAll(pattern);
    return [first, second].flatMap((match) => (match ? valueOf(match[1]!, name) : []));
  };
}

function valueOf(pair: string, name: string): string {
  return parse(pair)[name] ?? '';
}

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}
