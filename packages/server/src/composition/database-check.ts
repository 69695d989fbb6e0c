import { parseServerName } from '@magik/protocol'
import { nextTurn } from '../platform/clock/next-turn.ts'
import { cacheBytes, type Config } from '../platform/config/index.ts'
import type { Database } from '../platform/database/database.ts'
import { DatabaseCheck } from '../services/database-check/database-check.ts'
import { Findings, type FindingsDeps } from '../services/database-check/findings.ts'
import { EventReader } from '../services/events/event-reader.ts'
import { ForkResolver } from '../services/events/fork-resolver.ts'
import { StateTree } from '../services/state/state-tree.ts'
import { TreeCache } from '../services/state/tree-cache.ts'
import type { Schema } from '../storage/schema.ts'
import { createStores } from './stores.ts'

/** The key of the state trees' seed among the facts about a database. */
const TREE_SEED = 'tree_seed'

/** What of the outside a check needs. */
export interface DatabaseCheckSurroundings extends Pick<FindingsDeps, 'isRebuilding' | 'onFinding'> {
  readonly onProgress: (text: string) => void
}

/**
 * Makes the check of a database, without a server around it.
 * @throws Error if the database has never been used by a server.
 */
export async function createDatabaseCheck(
  config: Config,
  database: Database<Schema>,
  { isRebuilding, onFinding, onProgress }: DatabaseCheckSurroundings,
): Promise<DatabaseCheck> {
  const stores = createStores(database)
  const treeSeed = await stores.metaStore.find(TREE_SEED)
  if (treeSeed === undefined) throw new Error('the database has not been used yet')
  const treeCache = new TreeCache({
    load: (room, ids) => stores.stateNodeStore.getMany(room, ids),
    maxBytes: Math.floor(cacheBytes(config) / 2),
  })
  const tree = new StateTree({ source: treeCache, seed: Buffer.from(treeSeed, 'hex'), pause: nextTurn })
  const events = new EventReader({ store: stores.eventStore, cacheBytes: Math.floor(cacheBytes(config) / 2) })
  const reading = { ...stores, tree, treeCache, events }
  return new DatabaseCheck({
    ...reading,
    database,
    serverName: parseServerName(config.server_name),
    // Without an index: what is resolved anew must not rest on what is to be checked.
    forkResolver: new ForkResolver({ tree, events }),
    findings: new Findings({ database, isRebuilding, onFinding }),
    onProgress,
  })
}
