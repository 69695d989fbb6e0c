import type { RoomEvent } from '@magik/protocol'
import { isRejected } from '../../../storage/stored-event.ts'
import type { StagedChunks } from '../../state/staged-chunks.ts'
import { EMPTY_TREE, type NodeRef } from '../../state/tree-node.ts'
import type { StateReading } from '../auth-state.ts'
import type { RoomHead } from '../room-heads.ts'

/** A state of a room as another server tells it. */
export interface ToldState {
  /** The state events; stored before, as outliers at least. */
  readonly state: readonly RoomEvent[]
}

/**
 * Builds the tree of a state that another server has told. Events that failed the checks on receipt are left out of it,
 * and so are those that could not even be judged, as what they cite is not known here.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export async function toldRoot(
  deps: StateReading,
  head: RoomHead,
  { state }: ToldState,
  staged: StagedChunks,
): Promise<NodeRef> {
  const known = await deps.events.findManyForWriting(state.map(({ eventId }) => eventId))
  const changes = state.flatMap(({ eventId }) => {
    const event = known.get(eventId)
    if (event?.roomNid !== head.roomNid || isRejected(event.status) || event.stateKey === undefined) return []
    return [{ type: event.type, stateKey: event.stateKey, event: event.eventNid }]
  })
  return staged.add(await deps.tree.update(head.roomNid, EMPTY_TREE, changes, staged.nextChunk))
}
