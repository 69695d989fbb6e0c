import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Registry } from 'prom-client'
import type { Config } from '../platform/config/index.ts'
import type { Database, DatabaseSurroundings } from '../platform/database/database.ts'
import { PostgresDatabase } from '../platform/database/postgres/postgres-database.ts'
import { type Certificates, connectionSecurity } from '../platform/database/postgres/connection-security.ts'
import { SqliteDatabase } from '../platform/database/sqlite/sqlite-database.ts'
import type { Logger } from '../platform/log/logger.ts'
import { databaseMetrics } from '../platform/metrics/database-metrics.ts'
import type { Schema } from '../storage/schema.ts'

/** Where Debian's PostgreSQL has its socket: what libpq takes when no host is named. */
const SOCKET_FOLDER = '/var/run/postgresql'

interface DatabaseDeps {
  readonly config: Config
  readonly logger: Logger
  readonly registry: Registry
  /** Never the same in two processes that share a database. */
  readonly randomBytes: (count: number) => Uint8Array
}

/**
 * Opens the database that the configuration names, and brings its schema up to date.
 * @throws DatabaseError if it cannot be.
 */
export async function openDatabase(deps: DatabaseDeps, surroundings: DatabaseSurroundings): Promise<Database<Schema>> {
  const { config, logger, registry } = deps
  const common = {
    migrations: new URL('../storage/migrations/', import.meta.url),
    observer: databaseMetrics(registry),
    ...surroundings,
  }
  if (config.database.name === 'psycopg2') return openPostgres(deps, common)
  const path = config.database.args.database
  await mkdir(dirname(path), { recursive: true })
  return SqliteDatabase.open<Schema>({
    path,
    onFatal: (error) => {
      logger.fatal({ err: error }, 'the database cannot be written any more')
      // What is under way is finished, and a supervisor starts the server anew.
      process.exitCode = 1
      process.kill(process.pid, 'SIGTERM')
    },
    ...common,
  })
}

async function openPostgres(
  { config: { database }, logger, randomBytes }: DatabaseDeps,
  common: { migrations: URL; observer: ReturnType<typeof databaseMetrics> } & DatabaseSurroundings,
): Promise<Database<Schema>> {
  const { args } = database
  const target = {
    host: args.host ?? (existsSync(SOCKET_FOLDER) ? SOCKET_FOLDER : 'localhost'),
    port: args.port,
    ...(args.user !== null && { user: args.user }),
    ...(args.password !== null && { password: args.password }),
    ...(args.dbname !== null && { database: args.dbname }),
  }
  const ssl = await connectionSecurity(target, args.sslmode, await certificates(args))
  return PostgresDatabase.open<Schema>({
    connection: { ...target, ssl },
    randomBytes,
    maxConnections: args.cp_max,
    preparedStatements: database.prepared_statements,
    wakeUps: database.wake_ups,
    allowUnsafeLocale: database.allow_unsafe_locale,
    onWarning: (message) => logger.warn(message),
    ...common,
  })
}

async function certificates(args: Config['database']['args']): Promise<Certificates> {
  const read = async (path: string | null) => (path === null ? undefined : readFile(path, 'utf8'))
  return { ca: await read(args.sslrootcert), cert: await read(args.sslcert), key: await read(args.sslkey) }
}
