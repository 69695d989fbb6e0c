import { checkAuthRules, MatrixError, type RoomEvent, type RoomId, type RoomVersion } from '@magik/protocol'
import { EntryUsers } from '../entry-users.ts'
import { EMPTY_HEAD, RoomHead } from '../room-heads.ts'
import type { EventReceiver } from './event-receiver.ts'
import { outlierOf, type Outliers, type OutliersDeps } from './outliers.ts'
import type { Receipt } from './received-event.ts'

/** A room that this server enters by an event of its own, with what another server tells of it. */
export interface RoomEntry {
  readonly roomId: RoomId
  readonly version: RoomVersion
  /** The event by which this server comes to know the room, such as the join of one of its users. */
  readonly event: RoomEvent
  /** The state before it. */
  readonly state: readonly RoomEvent[]
  /** All that the auth chains of the state hold besides. */
  readonly authChain: readonly RoomEvent[]
}

/**
 * Makes rooms known that other servers hold: their state as told by one of those, then the event that enters them. What
 * came before is a gap in the room's graph.
 * @spec server-server-api/#joining-rooms
 */
export class RoomImports {
  readonly #deps: OutliersDeps & { readonly outliers: Outliers; readonly receiver: EventReceiver }

  constructor(deps: OutliersDeps & { readonly outliers: Outliers; readonly receiver: EventReceiver }) {
    this.#deps = deps
  }

  /**
   * Enters a room. One that is known already, from an earlier stay, is entered again.
   * @returns what became of the entering event.
   * @throws MatrixError M_BAD_STATE if what is told holds no valid create event of the room; M_LIMIT_EXCEEDED with status
   *   503 while what is left of it from an earlier stay is being deleted.
   */
  async enter(entry: RoomEntry): Promise<Receipt> {
    const { outliers, receiver } = this.#deps
    const { roomId, event, state, authChain } = entry
    if ((await this.#deps.heads.find(roomId)) === undefined) {
      await this.#begin(entry)
      if ((await this.#deps.heads.find(roomId)) === undefined) {
        throw new MatrixError('M_LIMIT_EXCEEDED', 'The room is being deleted from this server', { status: 503 })
      }
    }
    await outliers.store(roomId, [...authChain, ...state])
    const [receipt] = await receiver.receive(roomId, [{ event, told: [{ state }], isEntry: true }])
    if (receipt === undefined) throw new Error('an event was received without a receipt')
    return receipt
  }

  /** Stores the room with its create event, and nothing else yet: to readers it is not known before it has a state. */
  async #begin({ roomId, version, state, authChain }: RoomEntry): Promise<void> {
    const { heads, numbers, userNumbers, writer, clock } = this.#deps
    const create = [...state, ...authChain].find((event) => isCreateOf(roomId, event, version))
    if (create === undefined) throw new MatrixError('M_BAD_STATE', 'The room’s state holds no valid create event')
    const roomNid = await numbers.next('room')
    const head = new RoomHead({ roomNid, roomId, version, head: EMPTY_HEAD, position: 0 })
    const users = new EntryUsers(userNumbers)
    const creatorNid = await users.numberOf(create.pdu.sender)
    const built = await outlierOf(this.#deps, head, create, true, users)
    writer.stage(head, built)
    const creation = { creatorNid, createdTs: clock.now(), extra: [] }
    const result = await writer.append({ head, events: [built], users, creation })
    // Refused: another request, or another server on this database, has begun it meanwhile.
    if (result.committed) heads.add(head)
  }
}

function isCreateOf(roomId: RoomId, event: RoomEvent, version: RoomVersion): boolean {
  const { type, state_key: stateKey } = event.pdu
  if (type !== 'm.room.create' || stateKey !== '' || event.roomId !== roomId) return false
  return checkAuthRules(event, () => undefined, version).allowed
}
