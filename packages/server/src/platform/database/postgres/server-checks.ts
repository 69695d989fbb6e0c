import type { Client } from 'pg'
import { DatabaseError } from '../errors.ts'

/** PostgreSQL 14, as the server spells it. */
const OLDEST_VERSION = 140_000

/** From this version on a database says whose rules of sorting it follows. */
const LOCALE_PROVIDERS_SINCE = 150_000

/** What to make of a server that is not as it should be. */
export interface ServerCheckOptions {
  /** Whether a database whose rules of sorting come from the operating system is warned of rather than refused. */
  readonly allowUnsafeLocale: boolean
  readonly onWarning: (message: string) => void
}

/**
 * Checks that a database can be relied on.
 * @throws DatabaseError saying what an administrator must do.
 */
export async function checkServer(client: Client, options: ServerCheckOptions): Promise<void> {
  const version = Number(await setting(client, 'server_version_num'))
  if (version < OLDEST_VERSION) {
    throw new DatabaseError(
      `PostgreSQL 14 or later is needed; this server is ${await setting(client, 'server_version')}`,
    )
  }
  const { rows } = await client.query<Record<string, string>>(
    `SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS collation, datctype AS ctype,
            ${version >= LOCALE_PROVIDERS_SINCE ? 'datlocprovider::text' : "'c'"} AS provider,
            pg_is_in_recovery()::int AS is_standby
     FROM pg_database WHERE datname = current_database()`,
  )
  const database = rows[0] ?? {}
  if (Number(database['is_standby']) === 1) throw new DatabaseError('the PostgreSQL server is a standby: it only reads')
  if (database['encoding'] !== 'UTF8') {
    throw new DatabaseError(
      `the database's encoding is ${database['encoding']}; create it anew with ENCODING 'UTF8' (docs/run.md)`,
    )
  }
  checkLocale(database, options)
  for (const name of ['synchronous_commit', 'fsync']) {
    if ((await setting(client, name)) !== 'off') continue
    options.onWarning(`PostgreSQL's ${name} is off: what has been acknowledged may be lost when the server crashes`)
  }
}

/**
 * An index is good only as long as text sorts as it did when it was built, and updates of an operating system change
 * that for every locale but C.
 */
function checkLocale(database: Readonly<Record<string, string>>, options: ServerCheckOptions): void {
  const { collation = '', ctype = '', provider } = database
  const isSafe = [collation, ctype].every((name) => name === 'C' || name === 'POSIX') && provider !== 'i'
  if (isSafe) return
  const found = `the database sorts text by the locale ${collation} (LC_CTYPE ${ctype}${provider === 'i' ? ', ICU' : ''})`
  if (options.allowUnsafeLocale) {
    options.onWarning(`${found}: an update of the operating system may damage its indexes`)
    return
  }
  throw new DatabaseError(
    `${found}; create it anew with LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0 (docs/run.md), or set ` +
      'database.allow_unsafe_locale',
  )
}

async function setting(client: Client, name: string): Promise<string> {
  const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name])
  return rows[0]?.value ?? ''
}
