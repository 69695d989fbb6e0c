import type { Clock, Timer } from '../../platform/clock/clock.ts'
import type { Database } from '../../platform/database/database.ts'
import type { Logger } from '../../platform/log/logger.ts'
import type { ReplicaRow, ReplicaStore } from '../../storage/replica-store.ts'
import type { Schema } from '../../storage/schema.ts'

/** How often a replica says that it is alive, and looks who else is. */
export const HEARTBEAT_INTERVAL_MS = 3_000

/** How long a replica counts as alive after it has said so. */
export const REPLICA_LIFETIME_MS = 10_000

/** What the registry stands on. */
export interface ReplicaRegistryDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly database: Pick<Database<Schema>, 'write'>
  readonly store: Pick<ReplicaStore, 'all' | 'beat' | 'remove' | 'removeDead'>
  /** Of this process; drawn anew at each start. */
  readonly replicaId: string
}

/**
 * Knows which other processes serve the same database. Nothing that must be right may rest on it: two processes may
 * see it differently for seconds, or for as long as their clocks differ by more than a replica's lifetime.
 */
export class ReplicaRegistry {
  readonly #deps: ReplicaRegistryDeps
  #known: readonly ReplicaRow[] = []
  #address: string | undefined
  #timer: Timer | undefined
  #beating: Promise<void> = Promise.resolve()

  constructor(deps: ReplicaRegistryDeps) {
    this.#deps = deps
  }

  get replicaId(): string {
    return this.#deps.replicaId
  }

  /** The other replicas that are alive, as of the last look. */
  get others(): readonly ReplicaRow[] {
    if (this.#known.length === 0) return this.#known
    const since = this.#deps.clock.now() - REPLICA_LIFETIME_MS
    return this.#known.filter(({ heartbeatTs }) => heartbeatTs >= since)
  }

  /**
   * Makes this process known to the others, until `leave`.
   * @param address URL at which they reach it, without a slash at its end.
   */
  async join(address: string): Promise<void> {
    this.#address = address
    await this.#beat(address)
    this.#timer = this.#deps.clock.setInterval(() => {
      this.#beating = this.#beating.then(() => this.#beat(address))
    }, HEARTBEAT_INTERVAL_MS)
  }

  /** Has the others know that this process is about to stop. Does not throw. */
  async leave(): Promise<void> {
    if (this.#address === undefined) return
    this.#timer?.cancel()
    await this.#beating
    const { database, store, replicaId, logger } = this.#deps
    try {
      await database.write({ statements: [store.remove(replicaId)] })
    } catch (error) {
      logger.warn({ err: error }, 'replica could not sign off')
    }
  }

  async #beat(address: string): Promise<void> {
    const { clock, database, store, replicaId, logger } = this.#deps
    const heartbeatTs = clock.now()
    try {
      await database.write({
        statements: [
          store.beat({ replicaId, address, heartbeatTs }),
          store.removeDead(heartbeatTs - REPLICA_LIFETIME_MS),
        ],
      })
      this.#note((await store.all()).filter((row) => row.replicaId !== replicaId))
    } catch (error) {
      // The database is away. Those who were alive are taken for it until their time is up.
      logger.warn({ err: error }, 'replicas could not be looked up')
    }
  }

  #note(rows: readonly ReplicaRow[]): void {
    const { logger } = this.#deps
    const [before, now] = [this.#known, rows].map((list) => new Set(list.map(({ replicaId }) => replicaId)))
    for (const { replicaId, address } of rows) {
      if (before?.has(replicaId) === false) logger.info({ replicaId, address }, 'replica has come')
    }
    for (const { replicaId, address } of this.#known) {
      if (now?.has(replicaId) === false) logger.info({ replicaId, address }, 'replica has gone')
    }
    this.#known = rows
  }
}
