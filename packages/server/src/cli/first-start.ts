import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { formatSigningKeyFile, generateSigningKey } from '@magik/protocol'
import { type Config, configFromObject } from '../platform/config/index.ts'
import { createSecret, writePrivateFile } from './secret.ts'
import { starterConfig } from './starter-config.ts'

/**
 * Writes a configuration file with secrets of its own, for a server that has none yet. Signing key and data folder follow
 * from `createMissingFiles`, as for any configuration.
 * @param path of the file, which must not exist.
 * @throws ConfigError if the server name is none.
 */
export function createConfigFile(path: string, serverName: string): void {
  // Before anything is written: a file with a name that cannot be used would be in the way of the next attempt.
  configFromObject({ server_name: serverName })
  const folder = dirname(path)
  const text = starterConfig({
    serverName,
    reportStats: false,
    dataDirectory: join(folder, 'data'),
    signingKeyPath: join(folder, 'homeserver.signing.key'),
    createSecret,
  })
  writePrivateFile(path, text)
}

/**
 * Makes what a configuration names and a new server lacks: the signing key and the folder of the embedded database.
 * @returns the paths made, to tell the person who starts the server.
 */
export function createMissingFiles(config: Config): string[] {
  const made: string[] = []
  if (!existsSync(config.signing_key_path)) {
    writePrivateFile(config.signing_key_path, formatSigningKeyFile(generateSigningKey()))
    made.push(config.signing_key_path)
  }
  if (config.database.name === 'psycopg2') return made
  const dataFolder = dirname(config.database.args.database)
  if (mkdirSync(dataFolder, { recursive: true, mode: 0o700 }) !== undefined) made.push(dataFolder)
  return made
}

/** A path as a person in the current folder would write it. */
export function shownPath(path: string): string {
  const shown = relative(process.cwd(), path)
  return shown === '' || shown.startsWith('..') ? path : shown
}
