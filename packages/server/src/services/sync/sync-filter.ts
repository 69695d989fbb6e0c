import { isJsonObject, isRoomId, isUserId, type JsonObject, type JsonValue, MatrixError } from '@magik/protocol'

/**
 * Which events to let through. A list that is absent lets everything through; an empty one lets nothing through.
 * @spec client-server-api/#filtering
 */
export interface EventFilter {
  /** At most that many events; undefined: the server's choice. Not negative. */
  readonly limit: number | undefined
  /** Event types, `*` standing for any characters. */
  readonly types: readonly string[] | undefined
  readonly notTypes: readonly string[]
  readonly senders: readonly string[] | undefined
  readonly notSenders: readonly string[]
}

/** @spec client-server-api/#post_matrixclientv3useruseridfilter */
export interface RoomEventFilter extends EventFilter {
  readonly rooms: readonly string[] | undefined
  readonly notRooms: readonly string[]
  /** True: only events with a `url` in their content; false: only those without. */
  readonly containsUrl: boolean | undefined
  readonly lazyLoadMembers: boolean
  readonly includeRedundantMembers: boolean
  readonly unreadThreadNotifications: boolean
}

/** Filters of the sections of `rooms` in a sync response. */
export interface RoomFilter {
  readonly rooms: readonly string[] | undefined
  readonly notRooms: readonly string[]
  readonly includeLeave: boolean
  readonly state: RoomEventFilter
  readonly timeline: RoomEventFilter
  readonly ephemeral: RoomEventFilter
  readonly accountData: RoomEventFilter
}

/** A filter of `/sync`, every default filled in. */
export interface SyncFilter {
  /** Dot-separated paths of the event fields to send; undefined: all. */
  readonly eventFields: readonly string[] | undefined
  readonly eventFormat: 'client' | 'federation'
  readonly presence: EventFilter
  readonly accountData: EventFilter
  readonly room: RoomFilter
}

/**
 * Reads a sync filter as clients upload it. Fields nobody specified are ignored.
 * @throws MatrixError M_BAD_JSON if a field has the wrong type.
 */
export function parseSyncFilter(json: JsonObject): SyncFilter {
  const reader = new FilterReader(json, '')
  const format = reader.string('event_format') ?? 'client'
  if (format !== 'client' && format !== 'federation') throw reader.wrong('event_format', '"client" or "federation"')
  return {
    eventFields: reader.strings('event_fields'),
    eventFormat: format,
    presence: eventFilter(reader.section('presence')),
    accountData: eventFilter(reader.section('account_data')),
    room: roomFilter(reader.section('room')),
  }
}

/**
 * Reads a room event filter, as `/messages`, `/context` and search take it.
 * @throws MatrixError M_BAD_JSON if a field has the wrong type.
 */
export function parseRoomEventFilter(json: JsonObject): RoomEventFilter {
  return roomEventFilter(new FilterReader(json, ''))
}

function roomFilter(reader: FilterReader): RoomFilter {
  return {
    rooms: reader.identifiers('rooms', isRoomId, 'room IDs'),
    notRooms: reader.identifiers('not_rooms', isRoomId, 'room IDs') ?? [],
    includeLeave: reader.boolean('include_leave') ?? false,
    state: roomEventFilter(reader.section('state')),
    timeline: roomEventFilter(reader.section('timeline')),
    ephemeral: roomEventFilter(reader.section('ephemeral')),
    accountData: roomEventFilter(reader.section('account_data')),
  }
}

function roomEventFilter(reader: FilterReader): RoomEventFilter {
  return {
    ...eventFilter(reader),
    rooms: reader.identifiers('rooms', isRoomId, 'room IDs'),
    notRooms: reader.identifiers('not_rooms', isRoomId, 'room IDs') ?? [],
    containsUrl: reader.boolean('contains_url'),
    lazyLoadMembers: reader.boolean('lazy_load_members') ?? false,
    includeRedundantMembers: reader.boolean('include_redundant_members') ?? false,
    unreadThreadNotifications: reader.boolean('unread_thread_notifications') ?? false,
  }
}

function eventFilter(reader: FilterReader): EventFilter {
  return {
    limit: reader.count('limit'),
    types: reader.strings('types'),
    notTypes: reader.strings('not_types') ?? [],
    senders: reader.identifiers('senders', isUserId, 'user IDs'),
    notSenders: reader.identifiers('not_senders', isUserId, 'user IDs') ?? [],
  }
}

/** Reads typed fields of one object of a filter, and names the field in its errors. */
class FilterReader {
  readonly #json: JsonObject
  readonly #path: string

  constructor(json: JsonObject, path: string) {
    this.#json = json
    this.#path = path
  }

  section(name: string): FilterReader {
    const value = this.#field(name)
    if (value !== undefined && !isJsonObject(value)) throw this.wrong(name, 'an object')
    return new FilterReader(value ?? {}, `${this.#path}${name}.`)
  }

  string(name: string): string | undefined {
    const value = this.#field(name)
    if (value !== undefined && typeof value !== 'string') throw this.wrong(name, 'a string')
    return value
  }

  boolean(name: string): boolean | undefined {
    const value = this.#field(name)
    if (value !== undefined && typeof value !== 'boolean') throw this.wrong(name, 'a boolean')
    return value
  }

  count(name: string): number | undefined {
    const value = this.#field(name)
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
      throw this.wrong(name, 'an integer that is not negative')
    }
    return value
  }

  strings(name: string): readonly string[] | undefined {
    const value = this.#field(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || !value.every(isString)) throw this.wrong(name, 'a list of strings')
    return value
  }

  identifiers(name: string, isIdentifier: (text: string) => boolean, what: string): readonly string[] | undefined {
    const texts = this.strings(name)
    if (texts?.every(isIdentifier) === false) throw this.wrong(name, `a list of ${what}`)
    return texts
  }

  wrong(name: string, expected: string): MatrixError {
    return new MatrixError('M_BAD_JSON', `Filter field ${this.#path}${name} must be ${expected}`)
  }

  #field(name: string): JsonValue | undefined {
    return Object.hasOwn(this.#json, name) ? this.#json[name] : undefined
  }
}

function isString(value: JsonValue): value is string {
  return typeof value === 'string'
}

/** The filter that lets everything through. */
export const NO_SYNC_FILTER: SyncFilter = parseSyncFilter({})

/** The room event filter that lets everything through. */
export const NO_ROOM_EVENT_FILTER: RoomEventFilter = NO_SYNC_FILTER.room.timeline
