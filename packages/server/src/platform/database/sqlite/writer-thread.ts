import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { SqlValue } from '../database.ts'
import { MigrationError } from '../errors.ts'
import { BatchExecutor } from './batch-executor.ts'
import type { WriterReply, WriterRequest, WriterThreadOptions } from './messages.ts'
import { migrate } from './migrator.ts'

// The thread that owns the only connection which writes.

const BUSY_TIMEOUT_MS = 10_000

/** SQLite's default. */
const PAGE_BYTES = 4096

/**
 * Opens the connection and brings the schema up to date. What is deleted or overwritten is zeroed in the file
 * (`secure_delete`), so that no redacted or purged content lies about in free pages: a page that is given up is
 * written once more, which only work that deletes much has to pay.
 */
function open(options: WriterThreadOptions): DatabaseSync {
  const connection = new DatabaseSync(options.path, {
    timeout: BUSY_TIMEOUT_MS,
    enableForeignKeyConstraints: false,
    enableDoubleQuotedStringLiterals: false,
  })
  connection.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = ${options.synchronous};
    PRAGMA cache_size = -${Math.ceil(options.pageCacheBytes / 1024)};
    PRAGMA temp_store = MEMORY;
    PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = ${Math.ceil(options.checkpointBytes / PAGE_BYTES)};
    PRAGMA journal_size_limit = ${4 * options.checkpointBytes};`)
  migrate(connection, new URL(options.migrationsUrl))
  // Only now: a migration may have to rebuild a table that others refer to.
  connection.exec('PRAGMA foreign_keys = ON')
  return connection
}

function pragmas(connection: DatabaseSync): Record<string, SqlValue> {
  const settings: Record<string, SqlValue> = {}
  for (const name of [
    'journal_mode',
    'synchronous',
    'secure_delete',
    'foreign_keys',
    'wal_autocheckpoint',
    'page_size',
  ]) {
    const value = connection.prepare(`PRAGMA ${name}`).get()?.[name]
    settings[name] = typeof value === 'string' || typeof value === 'number' ? value : null
  }
  return settings
}

function serve(options: WriterThreadOptions, send: (reply: WriterReply) => void): (request: WriterRequest) => boolean {
  const connection = open(options)
  const executor = new BatchExecutor(connection)
  send({ kind: 'open', position: executor.position() })
  return (request) => {
    switch (request.kind) {
      case 'batch':
        try {
          send({ kind: 'batch', outcome: executor.execute(request.batch) })
        } catch (error) {
          send({ kind: 'batch_failed', error })
        }
        return true
      case 'pragmas':
        send({ kind: 'pragmas', pragmas: pragmas(connection) })
        return true
      case 'close':
        connection.close()
        return false
    }
  }
}

const port = parentPort
if (port === null) throw new Error('the writer runs as a worker thread')
const send = (reply: WriterReply): void => port.postMessage(reply)
try {
  const answer = serve(workerData, send)
  port.on('message', (request: WriterRequest) => {
    if (!answer(request)) port.close()
  })
} catch (error) {
  send({ kind: 'open_failed', isMigration: error instanceof MigrationError, error })
}
