import { eventIdOf, parseJsonText, parsePdu, redact, stringifyJson } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { CommitProgress, Job, JobKind } from '../../platform/jobs/job.ts'
import type { Logger } from '../../platform/log/logger.ts'
import type { EventRemovalStore } from '../../storage/event-removal-store.ts'
import type { RedactedEventStore } from '../../storage/redacted-event-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { RoomListener } from './room-listener.ts'

/** How often it is looked for redacted events whose time has come. */
const INTERVAL_MS = 5 * 60_000

/** Events overwritten in one step. */
const EVENTS_PER_STEP = 100

/** What overwriting redacted events takes. */
export interface RedactionCensorDeps {
  readonly clock: Clock
  readonly events: EventReader
  readonly redactedEventStore: RedactedEventStore
  readonly eventRemovalStore: EventRemovalStore
  /** How long the original of a redacted event is kept. */
  readonly retentionMs: number
  readonly onRoomChanged: RoomListener
  readonly logger: Logger
}

/**
 * Overwrites events that have been redacted for a while by what redaction leaves of them. Their IDs and signatures cover
 * just that, so they stay good.
 * @spec client-server-api/#redactions
 */
export class RedactionCensor implements JobKind {
  readonly name = 'censor_redacted_events'
  readonly everyMs = INTERVAL_MS
  readonly #deps: RedactionCensorDeps

  constructor(deps: RedactionCensorDeps) {
    this.#deps = deps
  }

  async step(_job: Job, commit: CommitProgress): Promise<void> {
    const { clock, events, redactedEventStore, eventRemovalStore, retentionMs, onRoomChanged, logger } = this.#deps
    const due = await redactedEventStore.redactedUpTo(clock.now() - retentionMs, EVENTS_PER_STEP)
    // Events that are gone by now, with their room, need no more than to be taken off the list.
    const found = [...(await events.getMany(due)).values()]
    const statements = found.flatMap((event) => {
      const json = redactedJson(event)
      if (json !== undefined) return [eventRemovalStore.overwrite(event.eventNid, json)]
      logger.error({ eventId: event.eventId }, 'redacted event is damaged: it stays as it is')
      return []
    })
    const result = await commit({
      statements: due.length === 0 ? [] : [...statements, redactedEventStore.delete(due)],
      isDone: due.length < EVENTS_PER_STEP,
    })
    if (!result.committed) return
    for (const { eventNid } of found) events.invalidate(eventNid)
    for (const [roomNid, [event]] of Map.groupBy(found, (event) => event.roomNid)) {
      if (event !== undefined) onRoomChanged({ roomNid, roomId: event.roomId })
    }
  }
}

/** @returns undefined if the event could not be told by its ID any more. */
function redactedJson({ eventId, json, roomVersion }: StoredEvent): string | undefined {
  const redacted = redact(parsePdu(parseJsonText(json), roomVersion), roomVersion)
  return eventIdOf(redacted, roomVersion) === eventId ? stringifyJson(redacted) : undefined
}
