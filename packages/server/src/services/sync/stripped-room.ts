import { STRIPPED_STATE_TYPES, stringifyJson, stripStateEvent } from '@magik/protocol'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { StateTree } from '../state/state-tree.ts'

/**
 * Describes a room to somebody who is invited to it or knocks on it: the state that says what kind of room it is, the
 * inviter, and the membership event itself.
 * @spec client-server-api/#stripped-state
 */
export class StrippedRooms {
  readonly #tree: StateTree
  readonly #events: EventReader

  constructor(deps: { tree: StateTree; events: EventReader }) {
    this.#tree = deps.tree
    this.#events = deps.events
  }

  /** The room's section as JSON text. @param name `invite_state` or `knock_state`. */
  async section(name: 'invite_state' | 'knock_state', memberEvent: StoredEvent): Promise<string> {
    const { roomNid, stateAfter, sender, eventNid } = memberEvent
    const keys = [
      ...STRIPPED_STATE_TYPES.map((type) => ({ type, stateKey: '' })),
      ...(name === 'invite_state' ? [{ type: 'm.room.member', stateKey: sender }] : []),
    ]
    const found = await this.#tree.getMany(roomNid, stateAfter ?? 0, keys)
    const eventNids = new Set(found.filter((it) => it !== undefined && it !== eventNid))
    const events = [...(await this.#events.getMany(eventNids.values().filter((it) => it !== undefined))).values()]
    const stripped = [...events, memberEvent].flatMap((event) => {
      const state = stripStateEvent(this.#events.pdu(event))
      return state === undefined ? [] : [stringifyJson({ ...state })]
    })
    return `{"${name}":{"events":[${stripped.join(',')}]}}`
  }
}
