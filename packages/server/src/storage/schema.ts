import type { AccountTables } from './schema/accounts.ts'
import type { AuthChainTables } from './schema/auth-chains.ts'
import type { FoundationTables } from './schema/foundation.ts'
import type { NotificationTables } from './schema/notifications.ts'
import type { PurgingTables } from './schema/purging.ts'
import type { ReplicaTables } from './schema/replicas.ts'
import type { RoomGraphTables } from './schema/room-graph.ts'
import type { RoomTables } from './schema/rooms.ts'

/** Every table of the database, typed for both engines. */
export interface Schema
  extends FoundationTables,
    AccountTables,
    RoomTables,
    RoomGraphTables,
    NotificationTables,
    PurgingTables,
    AuthChainTables,
    ReplicaTables {}
