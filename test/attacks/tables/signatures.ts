import { createHash, privateEncrypt } from 'node:crypto';
import { refused } from '../attack.js';
import type { Attack } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { encoded, jws, rs, signedText } from '../forgery.js';

/** The length of a signature by a key of 2048 bits, in bytes. */
const LENGTH = 256;

/** What becomes of the signature of a genuine token. */
export const SIGNATURE_CHANGES: Record<string, (signature: Buffer, kit: AttackKit) => Buffer> = {
  'one byte': () => Buffer.from([1]),
  'the first 255 bytes': (signature) => signature.subarray(0, LENGTH - 1),
  'the last 255 bytes': (signature) => signature.subarray(1),
  'the first half': (signature) => signature.subarray(0, LENGTH / 2),
  'itself after a zero byte': (signature) => Buffer.concat([Buffer.alloc(1), signature]),
  'itself after 256 zero bytes': (signature) => Buffer.concat([Buffer.alloc(LENGTH), signature]),
  'itself before a zero byte': (signature) => Buffer.concat([signature, Buffer.alloc(1)]),
  'itself twice': (signature) => Buffer.concat([signature, signature]),
  'its bytes in reverse': (signature) => Buffer.from(signature.toReversed()),
  'all zero': () => Buffer.alloc(LENGTH),
  one: () => Buffer.concat([Buffer.alloc(LENGTH - 1), Buffer.from([1])]),
  'all ones': () => Buffer.alloc(LENGTH, 0xff),
  'the modulus': (_, kit) => Buffer.from(kit.accessKey.n ?? '', 'base64url'),
  'itself with its first bit flipped': (signature) => flipped(signature, 0, 0x80),
  'itself with its last bit flipped': (signature) => flipped(signature, LENGTH - 1, 1),
  'itself with a bit in the middle flipped': (signature) => flipped(signature, LENGTH / 2, 0x10),
};

const changed: Attack[] = Object.entries(SIGNATURE_CHANGES).map(([name, change], index) => ({
  id: `signature-${index}`,
  title: `a genuine token whose signature became ${name}`,
  make: (kit) => withSignature(kit.token(), (signature) => change(signature, kit)),
  expect: refused('invalid_signature'),
}));

export const signatures: readonly Attack[] = [
  ...changed,
  {
    id: 'signature-leading-zero-stripped',
    title: 'a genuine signature that begins with a zero byte, without it',
    make: (kit) => {
      const token = publishedToken(kit, (signature) => signature[0] === 0);
      return withSignature(token, (signature) => signature.subarray(1));
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-plus-modulus',
    title: 'a genuine signature to which the modulus was added',
    make: (kit) => {
      const modulus = numberOf(Buffer.from(kit.published.jwk.n ?? '', 'base64url'));
      const fits = (signature: Buffer) => numberOf(signature) + modulus < 1n << 2048n;
      return withSignature(publishedToken(kit, fits), (signature) => {
        const sum = numberOf(signature) + modulus;
        return Buffer.from(sum.toString(16).padStart(2 * LENGTH, '0'), 'hex');
      });
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-without-digest-info',
    title: 'a bare hash encrypted with a published key',
    make: (kit) =>
      jws({ alg: 'RS256', kid: kit.published.jwk.kid }, kit.claims(), (input) =>
        privateEncrypt(kit.published.privateKey, createHash('sha256').update(input).digest()),
      ),
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-of-other-key',
    title: 'a token signed with the key of the attacker under the id of a published key',
    make: (kit) => jws(kit.header(), kit.claims(), rs(256, kit.attacker)),
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-of-forged-token',
    title: 'the forged token of the testing kit',
    make: (kit) => kit.pool.forgedToken({ username: 'alice' }),
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-of-other-token',
    title: 'a token with the signature of another',
    make: (kit) => {
      const [header, payload] = partsOf(kit.genuineToken());
      return `${header}.${payload}.${partsOf(kit.token())[2]}`;
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-payload-changed',
    title: 'a genuine token whose payload was given the group of administrators',
    make: (kit) => {
      const [header, , signature] = partsOf(kit.token());
      return `${header}.${encoded(kit.claims({ 'cognito:groups': ['admin'] }))}.${signature}`;
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-header-changed',
    title: 'a genuine token whose header was given another member',
    make: (kit) => {
      const [, payload, signature] = partsOf(kit.token());
      return `${encoded(kit.header({ typ: 'JWT' }))}.${payload}.${signature}`;
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-header-reordered',
    title: 'a genuine token whose header means the same in other bytes',
    make: (kit) => {
      const [, payload, signature] = partsOf(kit.token());
      return `${encoded({ alg: 'RS256', kid: kit.accessKey.kid })}.${payload}.${signature}`;
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-of-payload-alone',
    title: 'a token whose signature is over its payload alone',
    make: (kit) => {
      const payload = encoded(kit.claims());
      const { kid } = kit.published.jwk;
      return `${encoded({ alg: 'RS256', kid })}.${signedText(payload, rs(256, kit.published))}`;
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'signature-over-decoded-parts',
    title: 'a token whose signature is over its parts before they were encoded',
    make: (kit) => {
      const header = { alg: 'RS256', kid: kit.published.jwk.kid };
      const claims = kit.claims();
      const text = `${JSON.stringify(header)}.${JSON.stringify(claims)}`;
      return jws(header, claims, () => rs(256, kit.published)(text));
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'parts-payload-first',
    title: 'a genuine token with its header and payload swapped',
    make: (kit) => rearranged(kit.token(), [1, 0, 2]),
    expect: refused('malformed_token'),
  },
  {
    id: 'parts-signature-first',
    title: 'a genuine token with its signature in front',
    make: (kit) => rearranged(kit.token(), [2, 0, 1]),
    expect: refused('malformed_token'),
  },
  {
    id: 'parts-signature-as-payload',
    title: 'a genuine token with its payload and signature swapped',
    make: (kit) => rearranged(kit.token(), [0, 2, 1]),
    expect: refused('malformed_token'),
  },
  {
    id: 'parts-header-thrice',
    title: 'a token of three headers',
    make: (kit) => rearranged(kit.token(), [0, 0, 0]),
    expect: refused('wrong_issuer'),
  },
  {
    id: 'parts-header-of-id-token',
    title: 'an access token with the header of an ID token',
    make: (kit) => {
      const [, payload, signature] = partsOf(kit.token());
      return `${partsOf(kit.idToken())[0]}.${payload}.${signature}`;
    },
    expect: refused('invalid_signature'),
  },
];

/** The token with another signature. */
export function withSignature(token: string, change: (signature: Buffer) => Buffer): string {
  const [header, payload, signature] = partsOf(token);
  return `${header}.${payload}.${change(Buffer.from(signature, 'base64url')).toString('base64url')}`;
}

function partsOf(token: string): [string, string, string] {
  return token.split('.') as [string, string, string];
}

function rearranged(token: string, order: readonly number[]): string {
  const parts = partsOf(token);
  return order.map((index) => parts[index]).join('.');
}

function flipped(signature: Buffer, index: number, bit: number): Buffer {
  const bytes = Buffer.from(signature);
  bytes.writeUInt8(bytes.readUInt8(index) ^ bit, index);
  return bytes;
}

function numberOf(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`);
}

/** A token of the published key whose signature happens to be like this. */
function publishedToken(kit: AttackKit, isWanted: (signature: Buffer) => boolean): string {
  const header = { alg: 'RS256', kid: kit.published.jwk.kid };
  const claims = kit.claims();
  for (let attempt = 0; ; attempt += 1) {
    const token = jws(header, { ...claims, attempt }, rs(256, kit.published));
    if (isWanted(Buffer.from(partsOf(token)[2], 'base64url'))) return token;
  }
}
