import {
  isRoomAlias,
  type JsonObject,
  type JsonValue,
  MatrixError,
  type RoomAlias,
  type RoomId,
  type UserId,
} from '@magik/protocol'
import type { AliasStore } from '../../storage/alias-store.ts'
import type { EventSender } from '../events/event-sender.ts'
import type { Rooms } from './rooms.ts'

/** What keeping canonical aliases true takes. */
export interface CanonicalAliasesDeps {
  readonly sender: EventSender
  readonly rooms: Rooms
  readonly aliasStore: AliasStore
}

/**
 * Keeps a room's `m.room.canonical_alias` true: it names aliases of this room only.
 * @spec client-server-api/#mroomcanonical_alias
 */
export class CanonicalAliases {
  readonly #deps: CanonicalAliasesDeps

  constructor(deps: CanonicalAliasesDeps) {
    this.#deps = deps
  }

  /**
   * Checks the aliases that the content adds to those in force.
   * @throws MatrixError M_INVALID_PARAM for what is no alias; M_BAD_ALIAS for one that does not lead to the room.
   */
  async check(roomId: RoomId, content: JsonObject): Promise<void> {
    const room = await this.#deps.rooms.find(roomId)
    if (room === undefined) return
    const inForce = new Set(namedAliases((await room.content('m.room.canonical_alias', '')) ?? {}))
    for (const alias of strictlyNamedAliases(content)) {
      if (inForce.has(alias)) continue
      if (!isRoomAlias(alias)) throw new MatrixError('M_INVALID_PARAM', `${alias} is not a room alias`)
      const found = await this.#deps.aliasStore.find(alias)
      if (found?.roomNid !== room.roomNid) {
        throw new MatrixError('M_BAD_ALIAS', `Room alias ${alias} does not point to the room`)
      }
    }
  }

  /** An alias is gone: takes it out of the room's state, if the user who deleted it may. */
  async remove(roomId: RoomId, alias: RoomAlias, sender: UserId): Promise<void> {
    try {
      await this.#deps.sender.propose(roomId, async (room) => {
        const content = await room.content('m.room.canonical_alias', '')
        if (content === undefined || !namedAliases(content).includes(alias)) return undefined
        return { type: 'm.room.canonical_alias', stateKey: '', content: withoutAlias(content, alias), sender }
      })
    } catch (error) {
      // The creator of an alias may delete it without any power in the room; the room then names it in vain.
      if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error
    }
  }
}

/** The content without an alias; other members stay. */
export function withoutAlias(content: JsonObject, alias: string): JsonObject {
  const { alias: main, alt_aliases: others, ...rest } = content
  const remaining = Array.isArray(others) ? others.filter((other) => other !== alias) : []
  return {
    ...rest,
    ...(main !== undefined && main !== alias && { alias: main }),
    ...(remaining.length > 0 && { alt_aliases: remaining }),
  }
}

/** Every alias that the content names, whatever else it holds. */
function namedAliases({ alias, alt_aliases: others }: JsonObject): string[] {
  return [alias, ...(Array.isArray(others) ? others : [])].filter(isText)
}

/** @throws MatrixError M_INVALID_PARAM if a field has the wrong type. */
function strictlyNamedAliases({ alias = null, alt_aliases: others = [] }: JsonObject): string[] {
  // Both null and the empty string stand for no alias.
  if (alias !== null && !isText(alias)) throw new MatrixError('M_INVALID_PARAM', '"alias" must be a string')
  if (!Array.isArray(others) || !others.every(isText)) {
    throw new MatrixError('M_INVALID_PARAM', '"alt_aliases" must be a list of strings')
  }
  return [...(alias === null || alias === '' ? [] : [alias]), ...others]
}

function isText(value: JsonValue | undefined): value is string {
  return typeof value === 'string'
}
