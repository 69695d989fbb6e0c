import Type, { type Static } from 'typebox'
import { filePath, oneOf } from './declare.ts'
import type { ConfigProblem } from './problem.ts'

/** Where everything durable is kept. */
export const databaseOptions = {
  database: Type.Object(
    {
      name: oneOf(['sqlite3', 'psycopg2'], {
        default: 'sqlite3',
        description:
          '`sqlite3` for the embedded database. `psycopg2`, PostgreSQL, is not supported yet by this release.',
      }),
      args: Type.Object(
        {
          database: filePath({
            default: 'data/homeserver.db',
            description: 'The database file; its folder is made when it is missing.',
          }),
        },
        { default: {}, description: 'Where the database is.' },
      ),
    },
    { default: {}, description: 'The database.' },
  ),
}

/** What the declarations of this area cannot say. */
export function checkDatabase({ database }: { readonly database: DatabaseConfig }): ConfigProblem[] {
  if (database.name === 'psycopg2') {
    return [{ path: 'database.name', message: 'PostgreSQL is not supported yet by this release; expected sqlite3' }]
  }
  if (database.args.database.endsWith(':memory:')) {
    return [{ path: 'database.args.database', message: 'expected a file: a database in memory cannot be durable' }]
  }
  return []
}

/** The `database` option. */
export type DatabaseConfig = Static<typeof databaseOptions.database>
