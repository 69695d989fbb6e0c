import Type, { type Static } from 'typebox'
import { filePath, nullable } from './declare.ts'
import type { ConfigProblem } from './problem.ts'

/** How several processes on one database reach each other. */
export const replicationOptions = {
  worker_replication_secret: nullable(Type.String({ minLength: 1 }), {
    secret: true,
    description:
      'What processes that share a PostgreSQL database show to each other. By default a secret that is kept in the ' +
      'database, which all of them read.',
  }),
  worker_replication_secret_path: nullable(filePath({ description: '' }), {
    secretFor: 'worker_replication_secret',
    description: 'A file that holds `worker_replication_secret`.',
  }),
  replica_listener: Type.Object(
    {
      bind_address: Type.String({
        default: '127.0.0.1',
        minLength: 1,
        description: 'The address to listen on. Whoever reaches it and has the secret may speak for any user.',
      }),
      port: Type.Integer({
        default: 0,
        minimum: 0,
        maximum: 65_535,
        description: 'The TCP port; 0 takes any free one, which the others find in the database.',
      }),
      host: nullable(Type.String({ minLength: 1 }), {
        description: 'The name or address by which the others reach this process; `bind_address` if unset.',
      }),
    },
    {
      default: {},
      magikOnly: true,
      description:
        'Where this process listens for others on the same PostgreSQL database; not opened with SQLite. By default ' +
        'only processes on the same machine reach it. It speaks plain HTTP: between machines it belongs into a ' +
        'private network.',
    },
  ),
}

type ReplicationConfig = Static<ReturnType<typeof Type.Object<typeof replicationOptions>>>

/** What the declarations of this area cannot say. */
export function checkReplication({ replica_listener: listener }: ReplicationConfig): ConfigProblem[] {
  const isEverywhere = listener.bind_address === '0.0.0.0' || listener.bind_address === '::'
  if (!isEverywhere || listener.host !== null) return []
  return [
    {
      path: 'replica_listener.host',
      message: `is mandatory beside bind_address: ${listener.bind_address}; expected the name by which others reach this process`,
    },
  ]
}
