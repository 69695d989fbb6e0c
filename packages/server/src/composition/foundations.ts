import type { ServerName } from '@magik/protocol'
import type { Registry } from 'prom-client'
import type { Clock } from '../platform/clock/clock.ts'
import type { Config } from '../platform/config/index.ts'
import type { Database } from '../platform/database/database.ts'
import type { Logger } from '../platform/log/logger.ts'
import type { Schema } from '../storage/schema.ts'

/** What every part may need, whichever part it is. */
export interface Foundations {
  readonly config: Config
  readonly serverName: ServerName
  readonly clock: Clock
  readonly randomBytes: (count: number) => Uint8Array
  readonly logger: Logger
  readonly registry: Registry
  readonly database: Database<Schema>
  /** Names the database's incarnation in tokens. */
  readonly epoch: string
}
