import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as nodeSign,
  verify as nodeVerify,
  randomBytes as systemRandomBytes,
} from 'node:crypto'
import { decodeBase64, encodeBase64 } from '../base64.ts'

/** Size of an Ed25519 seed and of a public key, in bytes. */
const KEY_BYTES = 32
/** DER in front of a raw seed (PKCS #8) and of a raw public key (SubjectPublicKeyInfo), fixed by RFC 8410. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** One line of a signing key file: algorithm, key version, Base64 of the seed. */
const KEY_LINE = /^ed25519\s+([^\s:]+)\s+(\S+)$/

/** Thrown when bytes or text are no Ed25519 key. Says never what they were. */
export class SigningKeyError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'SigningKeyError'
  }
}

/** A server's Ed25519 key pair under its key ID. */
export class SigningKey {
  /** `ed25519:` and the key's version. */
  readonly keyId: string
  /** 32 raw bytes. */
  readonly publicKey: Uint8Array
  readonly #seed: Uint8Array
  readonly #privateKey: KeyObject

  /**
   * @param version the part of the key ID after `ed25519:`.
   * @param seed 32 bytes, secret.
   * @throws SigningKeyError if the seed has another size.
   */
  constructor(version: string, seed: Uint8Array) {
    if (seed.length !== KEY_BYTES) throw new SigningKeyError(`An Ed25519 seed has ${KEY_BYTES} bytes`)
    this.keyId = `ed25519:${version}`
    this.#seed = Uint8Array.from(seed)
    this.#privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' })
    const spki = createPublicKey(this.#privateKey).export({ format: 'der', type: 'spki' })
    this.publicKey = Uint8Array.from(spki.subarray(SPKI_PREFIX.length))
  }

  /** Signs bytes; text is signed as UTF-8. Returns the 64 bytes of the signature. */
  sign(message: Uint8Array | string): Uint8Array {
    return nodeSign(null, bytesOf(message), this.#privateKey)
  }

  /** The secret seed, for writing it to a key file and for nothing else. */
  exportSeed(): Uint8Array {
    return Uint8Array.from(this.#seed)
  }
}

/** A public key made ready for verifying, which costs about a tenth of a check: worth keeping for many checks. */
export class PublicKey {
  /** 32 raw bytes. */
  readonly bytes: Uint8Array
  readonly #key: KeyObject

  /** @throws SigningKeyError if the key has not 32 bytes. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== KEY_BYTES) throw new SigningKeyError(`An Ed25519 public key has ${KEY_BYTES} bytes`)
    this.bytes = Uint8Array.from(bytes)
    this.#key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' })
  }

  /** Whether `signature` is this key's for the message (text: as UTF-8). A signature of the wrong size is not. */
  verify(message: Uint8Array | string, signature: Uint8Array): boolean {
    return nodeVerify(null, bytesOf(message), this.#key, signature)
  }
}

/** Makes 32 raw bytes ready for verifying. @throws SigningKeyError on any other number of bytes. */
export function importPublicKey(bytes: Uint8Array): PublicKey {
  return new PublicKey(bytes)
}

/**
 * Makes a key pair with a key version of Synapse's kind, `a_` and four letters.
 * @param randomBytes for tests that need the same key again; the operating system's otherwise.
 */
export function generateSigningKey(randomBytes: (size: number) => Uint8Array = systemRandomBytes): SigningKey {
  const letters = Array.from(randomBytes(4), (byte) => LETTERS.charAt(byte % LETTERS.length))
  return new SigningKey(`a_${letters.join('')}`, randomBytes(KEY_BYTES))
}

/**
 * Reads a signing key file as Synapse writes it: a line `ed25519 <version> <Base64 of the seed>` per key.
 * @returns at least one key; the first one signs.
 * @throws SigningKeyError on an empty file and on a line of another form.
 */
export function parseSigningKeyFile(text: string): [SigningKey, ...SigningKey[]] {
  const lines = text.split('\n').map((line) => line.trim())
  const [first, ...others] = lines.filter((line) => line !== '').map(parseKeyLine)
  if (first === undefined) throw new SigningKeyError('The signing key file holds no key')
  return [first, ...others]
}

/** A line for a signing key file, which Synapse reads as well. Holds the secret seed. */
export function formatSigningKeyFile(key: SigningKey): string {
  return `${key.keyId.replace(':', ' ')} ${encodeBase64(key.exportSeed())}\n`
}

function parseKeyLine(line: string): SigningKey {
  const [, version, seed] = KEY_LINE.exec(line) ?? []
  if (version === undefined || seed === undefined) {
    throw new SigningKeyError('A line of a signing key file must read: ed25519 <version> <Base64 of 32 bytes>')
  }
  try {
    return new SigningKey(version, decodeBase64(seed))
  } catch (cause) {
    throw new SigningKeyError(`The signing key ${version} is not Base64 of ${KEY_BYTES} bytes`, { cause })
  }
}

function bytesOf(message: Uint8Array | string): Uint8Array {
  return typeof message === 'string' ? Buffer.from(message, 'utf8') : message
}
