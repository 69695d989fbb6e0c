import { V11_REDACTION } from './redaction-rules.ts'
import type { RoomVersion } from './room-version.ts'

const V11: RoomVersion = {
  id: '11',
  eventIdFormat: 'base64url',
  eventReferences: 'ids',
  roomIdFormat: 'domain',
  createEventIn: 'auth-events',
  canonicalJson: 'strict',
  maxDepth: 2n ** 53n - 1n,
  signedByEventIdServer: false,
  enforcesKeyValidity: true,
  redaction: V11_REDACTION,
  redactsIn: 'content',
  redactionRightCheckedBy: 'receipt',
  creatorNamedBy: 'sender',
  additionalCreators: false,
  creatorPower: 'initial',
  powerLevelValues: 'integers',
  authorisesNotificationLevels: true,
  aliasesRule: false,
  knocking: true,
  restrictedJoins: true,
  knockRestrictedJoins: true,
  stateResolution: 'v2',
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
 * Every room version this implementation knows, by name.
 * @spec rooms/#complete-list-of-room-versions
 */
export const ROOM_VERSIONS: ReadonlyMap<string, RoomVersion> = new Map(
  [V11, V12].map((version) => [version.id, version]),
)

/** The version new rooms get unless their creator asks for another. @spec rooms/#complete-list-of-room-versions */
export const DEFAULT_ROOM_VERSION: RoomVersion = V12

/** The room version of that name, or `undefined` if it is not known here. */
export function getRoomVersion(id: string): RoomVersion | undefined {
  return ROOM_VERSIONS.get(id)
}
