import { MatrixError, type RoomId } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { Logger } from '../../platform/log/logger.ts'
import type { ReplicaRow } from '../../storage/replica-store.ts'
import type { EventDraft, SentEvent } from '../events/event-draft.ts'
import { readOutcome, writeDraft } from './draft-message.ts'
import { preferredReplica } from './preferred-replica.ts'
import type { ReplicaRegistry } from './replica-registry.ts'

/** How long a replica may take to send a forwarded draft; its client is waiting. */
export const FORWARD_TIMEOUT_MS = 5_000

/** How long a replica that could not be reached is left alone. */
export const AVOID_MS = 10_000

/** Drafts on their way to other replicas at once; the rest are sent here. */
const MAX_UNDER_WAY = 1_000

/** Longest text of a draft that is forwarded: an event is at most 65,536 bytes. */
const MAX_LENGTH = 200_000

/** Hands a text to another replica. @returns status and body of its answer @throws whatever keeps it from answering */
export type PostToReplica = (
  address: string,
  body: string,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly body: string }>

/** What the forwarder stands on. */
export interface DraftForwarderDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly registry: Pick<ReplicaRegistry, 'replicaId' | 'others'>
  readonly post: PostToReplica
  /** Counts what becomes of drafts of rooms that prefer another replica. */
  readonly count: (outcome: 'forwarded' | 'fell_back') => void
}

/**
 * Has drafts sent by the replica that their room prefers, so that replicas seldom build on the same head at once. It
 * is a matter of speed only: whoever ends up sending, the guards of the commit decide.
 */
export class DraftForwarder {
  readonly #deps: DraftForwarderDeps
  /** Until when, by the monotonic clock, a replica is left alone. */
  readonly #avoided = new Map<string, number>()
  #underWay = 0

  constructor(deps: DraftForwarderDeps) {
    this.#deps = deps
  }

  /**
   * Has another replica send a draft if the room prefers one. It executes the draft wherever it lands, so nothing goes
   * round in circles.
   * @returns undefined when the draft is to be sent here: the room prefers this replica, or the other one did not
   *   answer. Then it may have sent the draft all the same: its transaction ID keeps it from being sent twice.
   * @throws MatrixError what the other replica tells the sender.
   */
  async forward(roomId: RoomId, draft: EventDraft): Promise<SentEvent | undefined> {
    // Without a transaction ID a draft whose answer is lost would be sent twice.
    if (draft.transaction === undefined) return undefined
    const target = this.#preferred(roomId)
    if (target === undefined || this.#underWay >= MAX_UNDER_WAY) return undefined
    const body = writeDraft({ roomId, draft })
    if (body.length > MAX_LENGTH) return undefined
    this.#underWay += 1
    try {
      const outcome = await this.#ask(target, body)
      this.#deps.count(outcome === undefined ? 'fell_back' : 'forwarded')
      if (outcome instanceof MatrixError) throw outcome
      return outcome
    } finally {
      this.#underWay -= 1
    }
  }

  /** The replica that a room prefers, if it is another one. */
  #preferred(roomId: RoomId): ReplicaRow | undefined {
    const { registry, clock } = this.#deps
    const { others, replicaId } = registry
    if (others.length === 0) return undefined
    const now = clock.monotonic()
    for (const [id, until] of this.#avoided) if (until <= now) this.#avoided.delete(id)
    const reachable = others.filter((other) => !this.#avoided.has(other.replicaId))
    const preferred = preferredReplica(roomId, [replicaId, ...reachable.map((other) => other.replicaId)])
    return reachable.find((other) => other.replicaId === preferred)
  }

  /** @returns undefined if it did not answer as it should. */
  async #ask({ replicaId, address }: ReplicaRow, body: string): Promise<SentEvent | MatrixError | undefined> {
    const { clock, logger, post } = this.#deps
    const timeout = new AbortController()
    const timer = clock.setTimeout(() => timeout.abort(new Error('it did not answer in time')), FORWARD_TIMEOUT_MS)
    try {
      const answer = await post(address, body, timeout.signal)
      if (answer.status === 200) return readOutcome(answer.body)
      // It is there, and failed at this draft.
      if (answer.status >= 500) return undefined
      throw new Error(`it answered with status ${answer.status}`)
    } catch (error) {
      if (!this.#avoided.has(replicaId)) logger.warn({ err: error, replicaId, address }, 'replica not reached')
      this.#avoided.set(replicaId, clock.monotonic() + AVOID_MS)
      return undefined
    } finally {
      timer.cancel()
    }
  }
}
