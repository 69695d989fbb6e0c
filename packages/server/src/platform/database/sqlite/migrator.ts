import type { DatabaseSync } from 'node:sqlite'
import { MigrationError, errorMessage } from '../errors.ts'
import { type AppliedMigration, type Migration, outstandingMigrations, readMigrations } from '../migration-files.ts'

/**
 * Brings a database's schema up to date. Each migration is one transaction together with its row in
 * `schema_migrations`, so an interruption at any moment leaves a step done or not begun.
 * @throws MigrationError if the database's history is not the folder's, or a step fails.
 */
export function migrate(connection: DatabaseSync, folder: URL): void {
  const migrations = readMigrations(folder, 'sqlite')
  connection.exec(`
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version    INTEGER NOT NULL PRIMARY KEY,
      name       TEXT    NOT NULL,
      checksum   TEXT    NOT NULL,   -- SHA-256 of the file, in hex
      applied_ts INTEGER NOT NULL    -- ms since the epoch
    ) STRICT`)
  for (const migration of outstandingMigrations(migrations, appliedMigrations(connection))) apply(connection, migration)
}

function appliedMigrations(connection: DatabaseSync): AppliedMigration[] {
  const rows = connection.prepare('SELECT version, name, checksum FROM schema_migrations ORDER BY version').all()
  return rows.map((row) => ({
    version: Number(row['version']),
    name: String(row['name']),
    checksum: String(row['checksum']),
  }))
}

function apply(connection: DatabaseSync, { version, name, sql, checksum }: Migration): void {
  connection.exec('BEGIN IMMEDIATE')
  try {
    connection.exec(sql)
    if (!connection.isTransaction) throw new Error('a migration must leave its transaction open')
    connection
      .prepare(
        `INSERT INTO schema_migrations (version, name, checksum, applied_ts)
         VALUES (?, ?, ?, CAST(unixepoch('subsec') * 1000 AS INTEGER))`,
      )
      .run(version, name, checksum)
    connection.exec('COMMIT')
  } catch (error) {
    if (connection.isTransaction) connection.exec('ROLLBACK')
    throw new MigrationError(`migration ${version} (${name}) failed: ${errorMessage(error)}`, { cause: error })
  }
}
