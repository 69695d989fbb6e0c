import { hash } from 'node:crypto'

/** The SHA-256 digest of a text's UTF-8 form: 32 raw bytes. */
export function sha256(text: string): Uint8Array {
  return hash('sha256', text, 'buffer')
}
