import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** A fresh secret of 256 random bits, as text that YAML and shells leave alone. */
export function createSecret(): string {
  return randomBytes(32).toString('base64url')
}

/**
 * Writes a file that only its owner may read, and its folder if need be.
 * @throws if there is such a file already.
 */
export function writePrivateFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
}
