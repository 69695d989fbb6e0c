import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { encodeBase64Url } from '@magik/protocol'

/** Yields that many bytes nobody can guess. */
export type RandomBytes = (size: number) => Uint8Array

/** A token as handed to the client, and what is stored of it. */
export interface NewToken {
  readonly token: string
  readonly tokenHash: Uint8Array
}

const TOKEN_BYTES = 32

/**
 * Makes an opaque token: a prefix and a checksum, by which scanners for leaked secrets know it, around 256 random bits.
 * It says nothing about whose it is.
 */
export function newToken(kind: 'access' | 'refresh', randomBytes: RandomBytes): NewToken {
  const secret = encodeBase64Url(randomBytes(TOKEN_BYTES))
  const body = `${kind === 'access' ? 'mgk' : 'mgr'}_${secret}`
  const token = `${body}_${crc32(body).toString(16).padStart(8, '0')}`
  return { token, tokenHash: hashToken(token) }
}

/** What the database knows a token by: SHA-256 of its UTF-8, whoever made it. */
export function hashToken(token: string): Uint8Array {
  return hash('sha256', token, 'buffer')
}
