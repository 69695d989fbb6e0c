import { V1_REDACTION, V11_REDACTION, V6_REDACTION, V8_REDACTION, V9_REDACTION } from './redaction-rules.ts'
import type { RoomVersion } from './room-version.ts'

const V1: RoomVersion = {
  id: '1',
  eventIdFormat: 'assigned',
  eventReferences: 'pairs',
  roomIdFormat: 'domain',
  createEventIn: 'auth-events',
  canonicalJson: 'lossless',
  maxDepth: 2n ** 63n - 1n,
  signedByEventIdServer: true,
  enforcesKeyValidity: false,
  redaction: V1_REDACTION,
  redactsIn: 'top-level',
  redactionRightCheckedBy: 'auth-rules',
  creatorNamedBy: 'content',
  additionalCreators: false,
  creatorPower: 'initial',
  powerLevelValues: 'numbers-or-strings',
  authorisesNotificationLevels: false,
  aliasesRule: true,
  knocking: false,
  restrictedJoins: false,
  knockRestrictedJoins: false,
  stateResolution: 'v1',
}

const V2: RoomVersion = { ...V1, id: '2', stateResolution: 'v2' }

const V3: RoomVersion = {
  ...V2,
  id: '3',
  eventIdFormat: 'base64',
  eventReferences: 'ids',
  signedByEventIdServer: false,
  redactionRightCheckedBy: 'receipt',
}

const V4: RoomVersion = { ...V3, id: '4', eventIdFormat: 'base64url' }

const V5: RoomVersion = { ...V4, id: '5', enforcesKeyValidity: true }

const V6: RoomVersion = {
  ...V5,
  id: '6',
  canonicalJson: 'strict',
  maxDepth: 2n ** 53n - 1n,
  redaction: V6_REDACTION,
  powerLevelValues: 'integers-or-strings',
  authorisesNotificationLevels: true,
  aliasesRule: false,
}

const V7: RoomVersion = { ...V6, id: '7', knocking: true }

const V8: RoomVersion = { ...V7, id: '8', redaction: V8_REDACTION, restrictedJoins: true }

const V9: RoomVersion = { ...V8, id: '9', redaction: V9_REDACTION }

const V10: RoomVersion = { ...V9, id: '10', powerLevelValues: 'integers', knockRestrictedJoins: true }

const V11: RoomVersion = {
  ...V10,
  id: '11',
  redaction: V11_REDACTION,
  redactsIn: 'content',
  creatorNamedBy: 'sender',
}

const V12: RoomVersion = {
  ...V11,
  id: '12',
  roomIdFormat: 'create-event',
  createEventIn: 'room-id',
  additionalCreators: true,
  creatorPower: 'infinite',
  stateResolution: 'v2.1',
}

/**
 * Every room version this implementation knows, by name, oldest first.
 * @spec rooms/#complete-list-of-room-versions
 */
export const ROOM_VERSIONS: ReadonlyMap<string, RoomVersion> = new Map(
  [V1, V2, V3, V4, V5, V6, V7, V8, V9, V10, V11, V12].map((version) => [version.id, version]),
)

/** The version new rooms get unless their creator asks for another. @spec rooms/#complete-list-of-room-versions */
export const DEFAULT_ROOM_VERSION: RoomVersion = V12

/** The room version of that name, or `undefined` if it is not known here. */
export function getRoomVersion(id: string): RoomVersion | undefined {
  return ROOM_VERSIONS.get(id)
}
