/**
 * The 128-bit hash of a set of entries: the sum, modulo 2^128, of weight(key) × event number, where the weight is 128 bits
 * of a hash of the database's secret seed and the key.
 *
 * Why this sum: it does not depend on the order of changes, and a node's new hash follows from its old one without reading
 * the other entries. Two different maps agree only if Σ weight(key) × difference = 0; for weights that are random to
 * whoever chose the maps this has a probability of at most 2^-76 (2^-128 times the power of two in a difference, which is
 * below 2^53). The seed never leaves the database, nor does the hash.
 *
 * Held as eight 16-bit limbs, lowest first, so that products and carries stay exact in a double.
 */
export type SetHash = Uint16Array

export const SET_HASH_BYTES = 16
const LIMBS = 8
const BASE = 0x10000

export function emptySetHash(): SetHash {
  return new Uint16Array(LIMBS)
}

/** Adds `other` to `hash` in place. */
export function addSetHash(hash: SetHash, other: SetHash): void {
  let carry = 0
  for (let i = 0; i < LIMBS; i++) {
    const sum = (hash[i] ?? 0) + (other[i] ?? 0) + carry
    hash[i] = sum
    carry = sum >>> 16
  }
}

/**
 * Replaces one entry in place: adds weight × (after - before). An absent entry counts as event number 0.
 * @param digest a string of which characters `at` to `at + 15` are the weight's bytes, lowest first.
 */
export function replaceInSetHash(hash: SetHash, digest: string, at: number, before: number, after: number): void {
  const difference = Math.abs(after - before)
  const f0 = difference % BASE
  const f1 = Math.floor(difference / BASE) % BASE
  const f2 = Math.floor(difference / BASE ** 2) % BASE
  const f3 = Math.floor(difference / BASE ** 3)
  const sign = after < before ? -1 : 1
  let w1 = 0
  let w2 = 0
  let w3 = 0
  let productCarry = 0
  let carry = 0
  for (let i = 0; i < LIMBS; i++) {
    const w0 = digest.charCodeAt(at + 2 * i) | (digest.charCodeAt(at + 2 * i + 1) << 8)
    const product = w0 * f0 + w1 * f1 + w2 * f2 + w3 * f3 + productCarry
    const limb = product % BASE
    productCarry = (product - limb) / BASE
    const sum = (hash[i] ?? 0) + sign * limb + carry
    hash[i] = sum
    carry = sum >> 16
    w3 = w2
    w2 = w1
    w1 = w0
  }
}

/** Reads a hash of SET_HASH_BYTES bytes. */
export function readSetHash(bytes: Uint8Array, at: number): SetHash {
  const hash = emptySetHash()
  for (let i = 0; i < LIMBS; i++) hash[i] = (bytes[at + 2 * i] ?? 0) | ((bytes[at + 2 * i + 1] ?? 0) << 8)
  return hash
}

/** 32 hexadecimal digits: equal text, equal set. */
export function formatSetHash(hash: SetHash): string {
  return Array.from(hash, (limb) => limb.toString(16).padStart(4, '0'))
    .reverse()
    .join('')
}
