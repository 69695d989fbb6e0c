import { MatrixError } from './errors.ts'

declare const brand: unique symbol
type Identifier<Name extends string> = string & { readonly [brand]: Name }

/** `@localpart:server_name`, of the current grammar or a historical one. */
export type UserId = Identifier<'UserId'>
/** `!opaque_id:server_name`, or `!` and the create event's hash where the room version names rooms so. */
export type RoomId = Identifier<'RoomId'>
/** `$opaque_id:server_name`, or `$` and the event's reference hash, as the room version asks. */
export type EventId = Identifier<'EventId'>
/** `#alias:server_name`. */
export type RoomAlias = Identifier<'RoomAlias'>
/** A host name or IP literal with an optional port. Compared case-sensitively. */
export type ServerName = Identifier<'ServerName'>

/** Longest identifier, in bytes of UTF-8, with sigil and server name. @spec appendices/#identifier-grammar */
export const MAX_IDENTIFIER_BYTES = 255

const HOSTNAME = '(?:[0-9A-Za-z.-]{1,255}|\\[[0-9A-Fa-f:.]{2,45}\\])'
const SERVER_NAME = new RegExp(`^${HOSTNAME}(?::[0-9]{1,5})?$`)
/** The characters of a localpart that a new user may have. */
const NEW_LOCALPART = /^[a-z0-9._=/+-]+$/
/** A SHA-256 hash as the room versions spell it: standard Base64 in version 3, URL-safe since version 4. */
const EVENT_HASH = /^\$(?:[A-Za-z0-9_-]{43}|[A-Za-z0-9+/]{43})$/
const ROOM_HASH = /^![A-Za-z0-9_-]{43}$/

/**
 * Whether text is a server name: a DNS name, IPv4 or bracketed IPv6 literal, then an optional port.
 * @spec appendices/#server-name
 */
export function isServerName(text: string): text is ServerName {
  if (!SERVER_NAME.test(text)) return false
  // The grammar's IPv6 characters also spell things that are no address; a URL parser knows the difference.
  return !text.startsWith('[') || URL.canParse(`http://${text.slice(0, text.indexOf(']') + 1)}`)
}

/**
 * Whether text is a user ID that must be accepted, historical ones (any localpart, even an empty one) included.
 * @spec appendices/#historical-user-ids
 */
export function isUserId(text: string): text is UserId {
  return isNamespaced(text, '@', 0)
}

/** Whether text is a room alias. @spec appendices/#room-aliases */
export function isRoomAlias(text: string): text is RoomAlias {
  return isNamespaced(text, '#', 1)
}

/** Whether text is a room ID of any room version. @spec appendices/#room-ids */
export function isRoomId(text: string): text is RoomId {
  return text.includes(':') ? isNamespaced(text, '!', 1) : ROOM_HASH.test(text)
}

/** Whether text is an event ID of any room version. @spec appendices/#event-ids */
export function isEventId(text: string): text is EventId {
  return text.includes(':') ? isNamespaced(text, '$', 1) : EVENT_HASH.test(text)
}

/**
 * Whether a user ID keeps to the grammar for new users. A historical one is accepted but never given out.
 * @spec appendices/#user-identifiers
 */
export function isHistoricalUserId(userId: UserId): boolean {
  return !NEW_LOCALPART.test(localpartOf(userId))
}

/** @throws MatrixError M_INVALID_PARAM */
export function parseServerName(text: string): ServerName {
  if (!isServerName(text)) throw new MatrixError('M_INVALID_PARAM', 'Not a server name')
  return text
}

/** Accepts historical user IDs. @throws MatrixError M_INVALID_PARAM */
export function parseUserId(text: string): UserId {
  if (!isUserId(text)) throw new MatrixError('M_INVALID_PARAM', 'Not a user ID')
  return text
}

/** @throws MatrixError M_INVALID_PARAM */
export function parseRoomId(text: string): RoomId {
  if (!isRoomId(text)) throw new MatrixError('M_INVALID_PARAM', 'Not a room ID')
  return text
}

/** @throws MatrixError M_INVALID_PARAM */
export function parseEventId(text: string): EventId {
  if (!isEventId(text)) throw new MatrixError('M_INVALID_PARAM', 'Not an event ID')
  return text
}

/** @throws MatrixError M_INVALID_PARAM */
export function parseRoomAlias(text: string): RoomAlias {
  if (!isRoomAlias(text)) throw new MatrixError('M_INVALID_PARAM', 'Not a room alias')
  return text
}

/** The server that gave out a user ID or an alias: everything after the first colon, so that ports stay part of it. */
export function serverNameOf(id: UserId | RoomAlias): ServerName {
  return serverNameAfter(id, id.indexOf(':'))
}

/** The server name in a room ID; `undefined` where the room version makes room IDs of hashes. */
export function roomServerName(roomId: RoomId): ServerName | undefined {
  const colon = roomId.indexOf(':')
  return colon < 0 ? undefined : serverNameAfter(roomId, colon)
}

/** The server name in an event ID; `undefined` where the room version makes event IDs of hashes. */
export function eventServerName(eventId: EventId): ServerName | undefined {
  const colon = eventId.indexOf(':')
  return colon < 0 ? undefined : serverNameAfter(eventId, colon)
}

/** What stands between the sigil and the first colon. */
export function localpartOf(id: UserId | RoomAlias): string {
  return id.slice(1, id.indexOf(':'))
}

/**
 * Makes a user ID, of the historical grammar if need be: accounts of other servers and imported ones have such names.
 * @throws MatrixError M_INVALID_PARAM
 */
export function userIdOf(localpart: string, serverName: ServerName): UserId {
  // Checked apart: with a colon in the localpart, the whole could read as an ID of another server.
  if (localpart.includes(':')) throw new MatrixError('M_INVALID_PARAM', 'Not a user ID')
  return parseUserId(`@${localpart}:${serverName}`)
}

/** @throws MatrixError M_INVALID_PARAM */
export function aliasOf(localpart: string, serverName: ServerName): RoomAlias {
  if (localpart.includes(':')) throw new MatrixError('M_INVALID_PARAM', 'Not a room alias')
  return parseRoomAlias(`#${localpart}:${serverName}`)
}

/**
 * Makes an event ID of the kind that servers assign.
 * @throws MatrixError M_INVALID_PARAM
 * @spec rooms/v1/#event-ids
 */
export function eventIdOfServer(localpart: string, serverName: ServerName): EventId {
  if (localpart.includes(':')) throw new MatrixError('M_INVALID_PARAM', 'Not an event ID')
  return parseEventId(`$${localpart}:${serverName}`)
}

/**
 * Checks the localpart of a user about to be registered against the current grammar.
 * @param serverName where given, the length of the whole user ID is checked as well.
 * @throws MatrixError M_INVALID_USERNAME
 * @spec appendices/#user-identifiers
 */
export function validateNewLocalpart(localpart: string, serverName?: ServerName): void {
  if (!NEW_LOCALPART.test(localpart)) {
    throw new MatrixError(
      'M_INVALID_USERNAME',
      "User names must not be empty and may hold only the characters a-z, 0-9 and '.', '_', '=', '-', '/', '+'",
    )
  }
  if (localpart.length + (serverName?.length ?? 0) + 2 > MAX_IDENTIFIER_BYTES) {
    throw new MatrixError('M_INVALID_USERNAME', `User IDs must not be longer than ${MAX_IDENTIFIER_BYTES} bytes`)
  }
}

/** Sigil, a localpart of any code points but NUL and colon, the first colon, a server name: 255 bytes at most. */
function isNamespaced(text: string, sigil: string, minLocalpart: number): boolean {
  if (!text.startsWith(sigil)) return false
  const colon = text.indexOf(':')
  if (colon < 1 + minLocalpart || text.includes('\0') || !text.isWellFormed()) return false
  return !exceedsIdentifierLimit(text) && isServerName(text.slice(colon + 1))
}

function exceedsIdentifierLimit(text: string): boolean {
  // A UTF-16 unit takes one to three bytes of UTF-8, so most texts need no counting.
  if (text.length > MAX_IDENTIFIER_BYTES) return true
  return text.length * 3 > MAX_IDENTIFIER_BYTES && Buffer.byteLength(text, 'utf8') > MAX_IDENTIFIER_BYTES
}

function serverNameAfter(id: string, colon: number): ServerName {
  // Branded without a second check: the parser that branded the identifier saw this very part pass.
  return id.slice(colon + 1) as ServerName
}
