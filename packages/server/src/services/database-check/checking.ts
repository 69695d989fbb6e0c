import type { ServerName } from '@magik/protocol'
import type { AuthChainStore } from '../../storage/auth-chain-store.ts'
import type { AuthEdgeStore } from '../../storage/auth-edge-store.ts'
import type { CheckStore } from '../../storage/check-store.ts'
import type { EventRemovalStore } from '../../storage/event-removal-store.ts'
import type { EventStore } from '../../storage/event-store.ts'
import type { RedactedEventStore } from '../../storage/redacted-event-store.ts'
import type { RoomGraphStore } from '../../storage/room-graph-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { ForkResolver } from '../events/fork-resolver.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { StateTree } from '../state/state-tree.ts'
import type { TreeCache } from '../state/tree-cache.ts'
import type { Findings } from './findings.ts'

/** What the parts of a check stand on. */
export interface Checking {
  readonly findings: Findings
  readonly serverName: ServerName
  readonly tree: StateTree
  readonly treeCache: TreeCache
  readonly events: EventReader
  readonly forkResolver: ForkResolver
  readonly checkStore: CheckStore
  readonly eventStore: EventStore
  readonly eventRemovalStore: EventRemovalStore
  readonly redactedEventStore: RedactedEventStore
  readonly roomStore: RoomStore
  readonly roomGraphStore: RoomGraphStore
  readonly authChainStore: AuthChainStore
  readonly authEdgeStore: AuthEdgeStore
}

/** An error's message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Events by their numbers, without those that are not there or cannot be read. */
export async function readableEvents(
  { events }: Pick<Checking, 'events'>,
  eventNids: readonly number[],
): Promise<Map<number, StoredEvent>> {
  try {
    return await events.getMany(eventNids)
  } catch {
    const found = new Map<number, StoredEvent>()
    // One that cannot be read keeps the others of its batch from being read.
    for (const eventNid of eventNids) {
      const event = await events.get(eventNid).catch(() => undefined)
      if (event !== undefined) found.set(eventNid, event)
    }
    return found
  }
}

/** Reads what a state does not share with another. @throws StateTreeError if that cannot be read. */
export async function readState({ tree }: Pick<Checking, 'tree'>, roomNid: number, shared: number, root: number) {
  for await (const batch of tree.diffBatches(roomNid, shared, root)) void batch
}
