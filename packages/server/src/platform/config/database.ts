import Type, { type Static, type TSchema } from 'typebox'
import { filePath, nullable, oneOf } from './declare.ts'
import type { ConfigProblem } from './problem.ts'
import { isMap } from './read-option.ts'

const text = (declaration: { description: string; secret?: boolean; sample?: string }) =>
  nullable(Type.String({ minLength: 1, unit: 'token', description: '' }), declaration)

const file = (description: string): ReturnType<typeof nullable<ReturnType<typeof filePath>>> =>
  nullable(filePath({ description: '' }), { description })

/** How a connection to PostgreSQL is secured, in libpq's words. */
const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const

const connectionOptions = {
  user: text({ description: 'PostgreSQL: the user to connect as.', sample: 'magik' }),
  password: text({ description: 'PostgreSQL: the password of that user.', secret: true }),
  dbname: text({ description: 'PostgreSQL: the name of the database. May be spelled `database`.', sample: 'magik' }),
  host: text({
    description: 'PostgreSQL: the server, or the folder of its Unix socket.',
    sample: '/var/run/postgresql',
  }),
  port: Type.Integer({
    default: 5432,
    minimum: 1,
    maximum: 65_535,
    description: 'PostgreSQL: the port of the server, or the number in its socket’s name.',
  }),
  cp_min: Type.Integer({
    default: 5,
    minimum: 0,
    pending: true,
    description: 'PostgreSQL: connections that are kept open. Magik opens them as they are needed.',
  }),
  cp_max: Type.Integer({
    default: 10,
    minimum: 1,
    description:
      'PostgreSQL: most connections for reading. Four more serve writing, long reads and waking other processes.',
  }),
  sslmode: oneOf(SSL_MODES, {
    default: 'prefer',
    description:
      'PostgreSQL: whether the connection is encrypted, and how much of the server’s certificate is checked.',
  }),
  sslrootcert: file('PostgreSQL: PEM file with the authorities whose certificates are trusted.'),
  sslcert: file('PostgreSQL: PEM file with the certificate to show to the server.'),
  sslkey: file('PostgreSQL: PEM file with the key of that certificate.'),
} satisfies Record<string, TSchema>

/** Where everything durable is kept. */
export const databaseOptions = {
  database: Type.Object(
    {
      name: oneOf(['sqlite3', 'psycopg2'], {
        default: 'sqlite3',
        description: '`sqlite3` for the embedded database, `psycopg2` for PostgreSQL (14 or later).',
      }),
      txn_limit: Type.Integer({
        default: 0,
        minimum: 0,
        pending: true,
        description: 'PostgreSQL: transactions after which a connection is closed.',
      }),
      allow_unsafe_locale: Type.Boolean({
        default: false,
        description:
          'PostgreSQL: whether a database is accepted that sorts text by another locale than C, and whose indexes an ' +
          'update of the operating system may therefore damage.',
      }),
      prepared_statements: Type.Boolean({
        default: false,
        magikOnly: true,
        description:
          'PostgreSQL: whether statements that read are planned once per connection, which is faster. Not for a pooler ' +
          'that lends connections per transaction.',
      }),
      wake_ups: Type.Boolean({
        default: true,
        magikOnly: true,
        description:
          'PostgreSQL: whether a connection is kept by which processes that share the database wake each other. Off, ' +
          'as it has to be with a pooler that lends connections per transaction, they hear of each other four times a ' +
          'second.',
      }),
      args: Type.Object(
        {
          database: filePath({
            default: 'data/homeserver.db',
            description: 'SQLite: the database file; its folder is made when it is missing.',
          }),
          ...connectionOptions,
        },
        { default: {}, description: 'Where the database is.' },
      ),
    },
    { default: {}, description: 'The database.' },
  ),
}

/** Reads `database` as another word for `dbname` where it is no file. */
export function prepareDatabase(raw: unknown): unknown {
  if (!isMap(raw) || raw['name'] !== 'psycopg2' || !isMap(raw['args'])) return raw
  const { database: dbname, ...args } = raw['args']
  return dbname === undefined ? raw : { ...raw, args: { dbname, ...args } }
}

/** What the declarations of this area cannot say. */
export function checkDatabase({ database }: { readonly database: DatabaseConfig }): ConfigProblem[] {
  const { name, args } = database
  if (name === 'psycopg2') {
    if (args.sslcert !== null && args.sslkey === null) {
      return [{ path: 'database.args.sslkey', message: 'is mandatory beside sslcert' }]
    }
    return []
  }
  if (args.database.endsWith(':memory:')) {
    return [{ path: 'database.args.database', message: 'expected a file: a database in memory cannot be durable' }]
  }
  return []
}

/** The `database` option. */
export type DatabaseConfig = Static<typeof databaseOptions.database>
