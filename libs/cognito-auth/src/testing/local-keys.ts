import { generateKeyPair, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** A public key as Cognito publishes it. */
export interface LocalJwk {
  alg: 'RS256';
  e: string;
  /** Base64 of 32 bytes, so it may contain `+`, `/` and `=`: never put it in an address as it is. */
  kid: string;
  kty: 'RSA';
  n: string;
  use: 'sig';
  [member: string]: unknown;
}

/** Which of the two keys of a user pool signs. */
export type KeyUse = 'access' | 'id';

interface SigningKey {
  readonly privateKey: KeyObject;
  readonly jwk: LocalJwk;
}

type KeyPairs = Readonly<Record<KeyUse, SigningKey>>;

/** The signing keys of one local user pool: one for access tokens, one for ID tokens. */
export class LocalKeys {
  private retired: LocalJwk[] = [];
  private foreign?: KeyObject;

  private constructor(
    private current: KeyPairs,
    private readonly keySize: number,
  ) {}

  static async create(keySize: number): Promise<LocalKeys> {
    return new LocalKeys(await createKeyPairs(keySize), keySize);
  }

  keyFor(use: KeyUse): SigningKey {
    return this.current[use];
  }

  jwks(): { keys: LocalJwk[] } {
    return { keys: [...publicKeysOf(this.current), ...this.retired].map(copyOf) };
  }

  async rotate(keep: boolean): Promise<void> {
    const next = await createKeyPairs(this.keySize);
    this.retired = keep ? publicKeysOf(this.current) : [];
    this.current = next;
  }

  /** A private key of the same size that is in no key set. Made when it is first asked for. */
  foreignKey(): KeyObject {
    this.foreign ??= generateKeyPairSync('rsa', { modulusLength: this.keySize }).privateKey;
    return this.foreign;
  }
}

function copyOf(jwk: LocalJwk): LocalJwk {
  return { ...jwk };
}

function publicKeysOf(pairs: KeyPairs): LocalJwk[] {
  return [pairs.access.jwk, pairs.id.jwk];
}

async function createKeyPairs(keySize: number): Promise<KeyPairs> {
  const [access, id] = await Promise.all([createSigningKey(keySize), createSigningKey(keySize)]);
  return { access, id };
}

async function createSigningKey(keySize: number): Promise<SigningKey> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: keySize,
    publicExponent: 65_537,
  });
  const { e, n } = publicKey.export({ format: 'jwk' }) as { e: string; n: string };
  const kid = randomBytes(32).toString('base64');
  return { privateKey, jwk: { alg: 'RS256', e, kid, kty: 'RSA', n, use: 'sig' } };
}
