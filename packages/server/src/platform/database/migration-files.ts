import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { MigrationError } from './errors.ts'

/** One forward step of the schema. */
export interface Migration {
  readonly version: number
  /** What it changes, from the file's name. */
  readonly name: string
  readonly sql: string
  /** SHA-256 of the file, in hex; the same whatever line endings a checkout gave it. */
  readonly checksum: string
}

/** A step as a database remembers it. */
export interface AppliedMigration {
  readonly version: number
  readonly name: string
  readonly checksum: string
}

/** The engines a migration can be written for. */
export type Engine = 'sqlite' | 'postgres'

const FILE_NAME = /^(?<version>\d{4})-(?<name>[a-z0-9-]+)(?:\.(?<engine>sqlite|postgres))?\.sql$/

/**
 * Reads the migrations for an engine, in order: files `NNNN-what-changes.sql`, or `NNNN-what-changes.<engine>.sql`
 * where engines differ.
 * @throws MigrationError if two files have one number.
 */
export function readMigrations(folder: URL, engine: Engine): Migration[] {
  const migrations = new Map<number, Migration>()
  for (const file of readdirSync(folder).sort()) {
    const groups = FILE_NAME.exec(file)?.groups
    if (groups === undefined) {
      if (file.endsWith('.sql')) throw new MigrationError(`the migration ${file} is not named NNNN-what-changes.sql`)
      continue
    }
    if (groups['engine'] !== undefined && groups['engine'] !== engine) continue
    const migration = readMigration(new URL(file, withSlash(folder)), Number(groups['version']), groups['name'] ?? '')
    const twin = migrations.get(migration.version)
    if (twin !== undefined) {
      throw new MigrationError(`two migrations have number ${migration.version}: ${twin.name} and ${migration.name}`)
    }
    migrations.set(migration.version, migration)
  }
  return [...migrations.values()].sort((a, b) => a.version - b.version)
}

function readMigration(file: URL, version: number, name: string): Migration {
  const sql = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
  return { version, name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

function withSlash(folder: URL): URL {
  return folder.href.endsWith('/') ? folder : new URL(`${folder.href}/`)
}

/**
 * Which migrations a database still lacks.
 * @param applied what the database has, in order of version.
 * @throws MigrationError if the database is not at an earlier point of this very history.
 */
export function outstandingMigrations(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): Migration[] {
  const newest = migrations.at(-1)?.version ?? 0
  const known = new Map(migrations.map((migration) => [migration.version, migration]))
  for (const row of applied) {
    const label = `${String(row.version).padStart(4, '0')}-${row.name}`
    if (row.version > newest) {
      throw new MigrationError(
        `the database is newer than this version of Magik: it has migration ${label}, the newest known here is ` +
          `${newest}. Run the version that migrated it, or a later one.`,
      )
    }
    const migration = known.get(row.version)
    if (migration === undefined) throw new MigrationError(`the database has migration ${label}, whose file is missing`)
    if (migration.checksum !== row.checksum) {
      throw new MigrationError(
        `migration ${label} was changed after this database had applied it (checksum then ${row.checksum}, ` +
          `now ${migration.checksum}): a released migration is never edited`,
      )
    }
  }
  const reached = applied.at(-1)?.version ?? 0
  const outstanding = migrations.filter(({ version }) => !applied.some((row) => row.version === version))
  const late = outstanding.find(({ version }) => version < reached)
  if (late !== undefined) {
    throw new MigrationError(`migration ${late.version} (${late.name}) is older than the database, which lacks it`)
  }
  return outstanding
}
