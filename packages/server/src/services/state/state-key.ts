import { hash } from 'node:crypto'
import {
  commonType,
  commonTypeCode,
  FIRST_HASHED_SLOT,
  HASHED_SLOTS,
  MEMBER_NIBBLE,
  SPELLED_TYPE,
} from './common-types.ts'
import { PackedBytesError, PackedReader, PackedWriter } from './packed-bytes.ts'

/** Identifies an entry of a room's state. */
export interface StateKey {
  readonly type: string
  readonly stateKey: string
}

/** An entry's key as leaves store it: (code | 0xff, length, type), length, state key. Self-delimiting. */
export type PackedKey = Uint8Array

/** A packed key with its place in the tree. */
export interface KeyPath {
  readonly key: PackedKey
  /** The place of the type: its two nibbles lead the path (for members only the first one does). */
  readonly slot: number
  /** 32 characters, a byte each: 16 for the rest of the path, 16 for the weight in the set hash. */
  readonly digest: string
}

/** Hashes of types and keys. Trees built with different hashes do not understand each other. */
export interface KeyHash {
  /** A non-negative integer for a type outside the frozen table. */
  type(type: string): number
  /** 32 characters below U+0100 for a packed key. */
  key(key: PackedKey): string
}

/** First byte of what is hashed for a type alone; no packed key starts with it. */
const TYPE_HASH_TAG = 0xfe
const PATH_BYTES = 16
/** Where the weight starts in a digest. */
export const WEIGHT_AT = PATH_BYTES

/** The hash of a database: SHA-256 over its 16-byte seed and the key. Part of the format. */
export function seededKeyHash(seed: Uint8Array): KeyHash {
  if (seed.length !== 16) throw new RangeError(`the state tree's seed must have 16 bytes, not ${seed.length}`)
  const input = new PackedWriter()
  const digest = (): string => hash('sha256', input.view(), 'latin1')
  return {
    type(type) {
      input.clear()
      input.raw(seed)
      input.byte(TYPE_HASH_TAG)
      input.raw(Buffer.from(type))
      const text = digest()
      return text.charCodeAt(0) * 0x10000 + text.charCodeAt(1) * 0x100 + text.charCodeAt(2)
    },
    key(key) {
      input.clear()
      input.raw(seed)
      input.raw(key)
      return digest()
    },
  }
}

/** Turns keys into packed keys and paths. */
export class KeyPaths {
  readonly #hash: KeyHash
  readonly #writer = new PackedWriter()

  constructor(hash: KeyHash) {
    this.#hash = hash
  }

  /** The path of a key, whose strings must be well-formed Unicode. */
  of(type: string, stateKey: string): KeyPath {
    return this.ofPacked(packKey(this.#writer, type, stateKey))
  }

  /** The path of a packed key. */
  ofPacked(key: PackedKey): KeyPath {
    const code = key[0] ?? SPELLED_TYPE
    const slot = code === SPELLED_TYPE ? this.slot(readType(new PackedReader(key, 0, key.length))) : code
    return { key, slot, digest: this.#hash.key(key) }
  }

  /** The place of a type, by its name alone. */
  slot(type: string): number {
    return commonTypeCode(type) ?? FIRST_HASHED_SLOT + (this.#hash.type(type) % HASHED_SLOTS)
  }
}

/** How many steps the type takes. */
function typeSteps(slot: number): number {
  return slot >> 4 === MEMBER_NIBBLE ? 1 : 2
}

/** The child to follow at `depth` (the root's is 0); undefined when the path is used up: there is only a leaf there. */
export function nibbleAt(path: KeyPath, depth: number): number | undefined {
  const steps = typeSteps(path.slot)
  if (depth < steps) return depth === 0 ? path.slot >> 4 : path.slot & 0xf
  const index = depth - steps
  if (index >= PATH_BYTES * 2) return undefined
  const byte = path.digest.charCodeAt(index >> 1)
  return index % 2 === 0 ? byte >> 4 : byte & 0xf
}

/** No path is longer than this. */
export const MAX_DEPTH = 2 + PATH_BYTES * 2

function packKey(writer: PackedWriter, type: string, stateKey: string): PackedKey {
  writer.clear()
  const code = commonTypeCode(type)
  writer.byte(code ?? SPELLED_TYPE)
  if (code === undefined) writer.text(type)
  writer.text(stateKey)
  return writer.view().slice()
}

/** Moves over a packed key. @throws PackedBytesError if there is none. */
export function skipKey(reader: PackedReader): void {
  const code = reader.byte()
  if (code === SPELLED_TYPE) reader.skip(reader.varint())
  else knownType(code, reader)
  reader.skip(reader.varint())
}

function readText(reader: PackedReader): string {
  const length = reader.varint()
  const start = reader.at
  reader.skip(length)
  const { buffer, byteOffset } = reader.bytes
  return Buffer.from(buffer, byteOffset + start, length).toString()
}

/** Reads the type of a packed key. @throws PackedBytesError if there is none. */
export function readType(reader: PackedReader): string {
  const code = reader.byte()
  return code === SPELLED_TYPE ? readText(reader) : knownType(code, reader)
}

function knownType(code: number, reader: PackedReader): string {
  const type = commonType(code)
  if (type === undefined) throw new PackedBytesError(`unknown type code ${code} before byte ${reader.at}`)
  return type
}

/** Reads the state key that follows the type. @throws PackedBytesError if there is none. */
export const readStateKey: (reader: PackedReader) => string = readText

/** The order of a leaf's entries: by bytes. */
export function compareKeys(a: PackedKey, b: PackedKey): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
