import type { RoomId } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { EventReader } from './event-reader.ts'
import { resolveV1 } from './resolve-v1.ts'
import { resolveV2 } from './resolve-v2.ts'
import type { ResolutionEvents } from './resolution-events.ts'
import type { ResolvedEntry, StateConflict } from './state-conflict.ts'
import { compareStateKeys } from './state-key-map.ts'

/** Most events that the walks of one resolution visit. */
export const MAX_RESOLUTION_EVENTS = 250_000

/**
 * Resolves the states of a room's forks. The answer holds the entries that the resolution decides: all conflicted keys,
 * and keys that no fork has where an event of the forks' auth chains is applied. Every other entry stays as all forks
 * have it. So the answer can be applied to the state of any fork. Entries are sorted by type and state key; they do not
 * depend on the order of forks, keys or answers.
 *
 * If `events.citing` is there, cost grows with the conflict, not with the number of members; see `UnconflictedAuthChain`
 * and `conflictedSubgraph`. The history of power levels is followed back to where the oldest conflicted event stands, as
 * mainline ordering asks; without `authDepth` it may be followed further.
 *
 * Events that are not known, or belong to another room, are taken for absent, wherever they are named. Events that are
 * in their own auth chain are possible only in room versions 1 and 2: a power event on such a circle or above it is
 * ignored, and no walk goes round a second time. Nothing recurses.
 * @param limit most events that the walks may visit together; some 100 bytes are kept for each.
 * @throws ResolutionLimitError if it is exceeded.
 * @spec rooms/v12/#state-resolution
 */
export async function resolveState(
  roomId: RoomId,
  conflict: StateConflict,
  events: ResolutionEvents,
  version: RoomVersion,
  limit: number = MAX_RESOLUTION_EVENTS,
): Promise<readonly ResolvedEntry[]> {
  if (conflict.conflicted.length === 0) return []
  const reader = new EventReader(events, roomId, version, limit)
  const resolve = version.stateResolution === 'v1' ? resolveV1 : resolveV2
  const entries = await resolve(conflict, reader)
  return entries.sort((a, b) => compareStateKeys(a.key, b.key))
}
