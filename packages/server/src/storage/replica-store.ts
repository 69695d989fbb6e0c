import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A process that serves the database. */
export interface ReplicaRow {
  readonly replicaId: string
  /** URL at which the others reach it, without a slash at its end. */
  readonly address: string
  /** When it was last alive, in milliseconds since the epoch. */
  readonly heartbeatTs: number
}

/** Most replicas that know of each other. */
const MAX_REPLICAS = 100

/** The processes that serve the database. */
export class ReplicaStore {
  readonly #database: Database<Schema>
  readonly #all
  readonly #upsert
  readonly #delete
  readonly #deleteDead

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#all = database.query<{ limit: number }>()((q, p) =>
      q
        .selectFrom('replicas')
        .select(['replica_id as replicaId', 'address', 'heartbeat_ts as heartbeatTs'])
        .orderBy('replica_id')
        .limit(p.limit),
    )
    this.#upsert = database.query<{ replicaId: string; address: string; heartbeatTs: number }>()((q, p) =>
      q
        .insertInto('replicas')
        .values({ replica_id: p.replicaId, address: p.address, heartbeat_ts: p.heartbeatTs })
        .onConflict((conflict) =>
          conflict.column('replica_id').doUpdateSet((eb) => ({ heartbeat_ts: eb.ref('excluded.heartbeat_ts') })),
        ),
    )
    this.#delete = database.query<{ replicaId: string }>()((q, p) =>
      q.deleteFrom('replicas').where('replica_id', '=', p.replicaId),
    )
    // Of a handful of rows.
    this.#deleteDead = database.query<{ before: number }>({ scan: true })((q, p) =>
      q.deleteFrom('replicas').where('heartbeat_ts', '<', p.before),
    )
  }

  /** Every replica that has registered, dead ones included. */
  all(): Promise<ReplicaRow[]> {
    return this.#database.all(this.#all, { limit: MAX_REPLICAS })
  }

  /** A replica is alive. */
  beat(row: ReplicaRow): BoundWrite {
    return bind(this.#upsert, row)
  }

  /** A replica stops. */
  remove(replicaId: string): BoundWrite {
    return bind(this.#delete, { replicaId })
  }

  /** Removes those that have not been alive since. @param before milliseconds since the epoch */
  removeDead(before: number): BoundWrite {
    return bind(this.#deleteDead, { before })
  }
}
