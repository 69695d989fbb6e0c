import type { Pdu } from './event/pdu.ts'
import { isJsonObject, type JsonObject, type JsonValue } from './json/json-value.ts'
import { parsePowerLevel } from './power-level-value.ts'
import { isRoomCreator } from './room-creators.ts'
import type { RoomVersion } from './room-version/room-version.ts'

/** What a power level is asked for, besides sending an event of some type. */
export type PowerLevelAction = 'ban' | 'invite' | 'kick' | 'redact' | 'notifications.room'

/** What holds where the content does not say. @spec client-server-api/#mroompower_levels */
const DEFAULT_LEVELS = { ban: 50, invite: 0, kick: 50, redact: 50 } as const
const DEFAULT_STATE_LEVEL = 50
const DEFAULT_EVENT_LEVEL = 0
const DEFAULT_USER_LEVEL = 0
const DEFAULT_NOTIFICATION_LEVEL = 50
/** Of the creator, while the room has no `m.room.power_levels` event. */
const INITIAL_CREATOR_LEVEL = 100

const NOTHING: JsonObject = {}

/**
 * The power levels of a room at one point, defaults filled in. Nothing is read before it is asked for, so making one
 * for a single question is cheap. Values that are no power level in the room's version count as absent.
 * @spec client-server-api/#mroompower_levels
 */
export class PowerLevels {
  readonly #content: JsonObject | undefined
  readonly #create: Pdu
  readonly #version: RoomVersion

  private constructor(content: JsonObject | undefined, create: Pdu, version: RoomVersion) {
    this.#content = content
    this.#create = create
    this.#version = version
  }

  /**
   * @param content of the room's `m.room.power_levels` event, `undefined` if it has none.
   * @param create the room's create event.
   */
  static from(content: JsonObject | undefined, create: Pdu, version: RoomVersion): PowerLevels {
    return new PowerLevels(content, create, version)
  }

  /** A user's power level; `Infinity` for creators where the room version has it so. */
  ofUser(userId: string): number {
    if (this.#version.creatorPower === 'infinite' && isRoomCreator(userId, this.#create, this.#version)) return Infinity
    if (this.#content === undefined) {
      return isRoomCreator(userId, this.#create, this.#version) ? INITIAL_CREATOR_LEVEL : DEFAULT_USER_LEVEL
    }
    return this.#entry('users', userId) ?? this.#level('users_default') ?? DEFAULT_USER_LEVEL
  }

  /**
   * The level needed to send an event of a type. It does not govern membership events.
   * @param isState whether the event has a state key.
   */
  forEvent(type: string, isState: boolean): number {
    const level = this.#entry('events', type)
    if (level !== undefined) return level
    return isState
      ? (this.#level('state_default') ?? DEFAULT_STATE_LEVEL)
      : (this.#level('events_default') ?? DEFAULT_EVENT_LEVEL)
  }

  /** The level needed for an action. `redact` is about other users' events. */
  forAction(action: PowerLevelAction): number {
    if (action === 'notifications.room') return this.forNotification('room')
    return this.#level(action) ?? DEFAULT_LEVELS[action]
  }

  /**
   * The level needed to send a notification of a kind, as the push condition `sender_notification_permission` asks.
   * @spec client-server-api/#push-rules
   */
  forNotification(key: string): number {
    return this.#entry('notifications', key) ?? DEFAULT_NOTIFICATION_LEVEL
  }

  #level(key: string): number | undefined {
    return parsePowerLevel((this.#content ?? NOTHING)[key], this.#version)
  }

  #entry(key: string, name: string): number | undefined {
    const entries: JsonValue | undefined = (this.#content ?? NOTHING)[key]
    return isJsonObject(entries) ? parsePowerLevel(entries[name], this.#version) : undefined
  }
}
