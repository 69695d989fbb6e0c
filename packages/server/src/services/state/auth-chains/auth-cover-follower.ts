import type { Clock, Timer } from '../../../platform/clock/clock.ts'
import { nextTurn } from '../../../platform/clock/next-turn.ts'
import type { BoundWrite, Database } from '../../../platform/database/database.ts'
import { changeKind } from '../../../storage/change-kind.ts'
import type { FollowedChange, FollowerRow, FollowerStore } from '../../../storage/follower-store.ts'
import type { Schema } from '../../../storage/schema.ts'
import type { StoredEvent } from '../../../storage/stored-event.ts'
import type { Change, ChangeLog } from '../../log/change-log.ts'
import { CoverWriter, type CoverWriterDeps } from './cover-writer.ts'
import { AuthChainLimitError } from './uncovered-events.ts'

/** The name under which it keeps its position. */
export const AUTH_COVER_FOLLOWER = 'auth-cover'

/** How long after a change its work begins: what comes within that time is done together. */
const DELAY_MS = 200
/** How long after a failure it is tried again. */
const RETRY_MS = 5_000
/** The main thread is left to others after so long. */
const SLICE_MS = 10
/** Changes without work after which the position is stored all the same. */
const STORE_POSITION_EVERY = 1_000

/** What following takes. */
export interface AuthCoverFollowerDeps extends Omit<CoverWriterDeps, 'commit' | 'pause' | 'events'> {
  readonly log: ChangeLog
  readonly clock: Clock
  readonly database: Database<Schema>
  readonly followerStore: FollowerStore
  readonly events: CoverWriterDeps['events'] & { atHand(eventNid: number): StoredEvent | undefined }
  /** Hears of failures; what failed is tried again. */
  readonly onError: (error: unknown) => void
}

/** Another process has moved the follower on. */
class Superseded extends Error {}

/**
 * Fills auth edges and chain cover behind the change log. It takes no positions, and what it has not got to yet is
 * merely not covered. Events without a position (outliers, soft-failed ones) are covered when a state holds them in
 * which a timeline event was sent, or an event that cites them is covered. Messages cost nothing, as long as the state
 * they were sent in is covered.
 */
export class AuthCoverFollower {
  readonly #deps: AuthCoverFollowerDeps
  readonly #writer: CoverWriter
  #row: FollowerRow | undefined
  #position = 0
  #sliceBegan = 0
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #isStopped = false

  constructor(deps: AuthCoverFollowerDeps) {
    this.#deps = deps
    this.#writer = new CoverWriter({
      ...deps,
      commit: (statements) => this.#commit(statements),
      pause: () => this.#pause(),
    })
  }

  /** Begins to follow, where it left off. */
  start(): void {
    this.#deps.log.listen((change) => this.#hear(change))
    this.#schedule(DELAY_MS)
  }

  /** Finishes the chunk under way and stores how far it has come. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    try {
      await this.#running
      if (this.#row !== undefined && this.#row.position < this.#position) await this.#commit([])
    } catch (error) {
      if (!(error instanceof Superseded)) this.#deps.onError(error)
    }
  }

  /** Works until all that the log holds by now is done. */
  async catchUp(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    await this.#run()
  }

  /** A message in a covered state is done at once, when nothing before it is left. */
  #hear(change: Change): void {
    if (this.#isStopped || this.#timer !== undefined) return
    const isIdle = this.#running === undefined && this.#row !== undefined
    const isNext = isIdle && this.#position === change.position - 1
    if (!isNext || !this.#isDone(change)) this.#schedule(DELAY_MS)
    else this.#position = change.position
    if (this.#isFar) this.#schedule(DELAY_MS)
  }

  /** Whether so much has passed without work that the stored position is too old. */
  get #isFar(): boolean {
    return this.#row !== undefined && this.#position - this.#row.position >= STORE_POSITION_EVERY
  }

  #isDone({ kind, ref }: Change): boolean {
    if (kind !== changeKind.event) return true
    const event = ref === undefined ? undefined : this.#deps.events.atHand(ref)
    if (event === undefined || event.stateKey !== undefined) return false
    return event.stateBefore !== undefined && this.#writer.coveredRoot(event.roomNid) === event.stateBefore
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped || this.#timer !== undefined) return
    this.#timer = this.#deps.clock.setTimeout(() => {
      this.#timer = undefined
      this.#run().catch((error: unknown) => {
        this.#deps.onError(error)
        this.#schedule(RETRY_MS)
      })
    }, delayMs)
  }

  #run(): Promise<void> {
    this.#running ??= this.#follow()
      .finally(() => {
        this.#running = undefined
      })
      .then(() => {
        // Whatever was published meanwhile found the work under way.
        if (this.#position < this.#deps.log.position) this.#schedule(DELAY_MS)
      })
    return this.#running
  }

  async #follow(): Promise<void> {
    try {
      await this.#settle()
      this.#sliceBegan = this.#deps.clock.monotonic()
      while (!this.#isStopped && (await this.#followPage())) await this.#pause()
    } catch (error) {
      // What was planned builds on what is stored: after a failure neither is certain.
      this.#writer.reset()
      this.#row = undefined
      if (!(error instanceof Superseded)) throw error
    }
  }

  async #settle(): Promise<void> {
    if (this.#row !== undefined) return
    this.#row = await this.#deps.followerStore.settle(AUTH_COVER_FOLLOWER)
    this.#position = this.#row.position
  }

  /** @returns whether there may be more. */
  async #followPage(): Promise<boolean> {
    const changes = await this.#deps.followerStore.changesAfter(this.#position)
    for (const { position, event } of changes) {
      if (this.#isStopped) break
      if (event !== undefined) await this.#cover(event)
      this.#position = position
    }
    if (this.#writer.isDirty || this.#isFar) await this.#writer.flush()
    this.#writer.close()
    return changes.length > 0
  }

  async #cover({ roomNid, eventNid, isState, stateBefore, stateAfter }: NonNullable<FollowedChange['event']>) {
    try {
      await this.#writer.cover(roomNid, stateBefore, isState ? { eventNid, root: stateAfter } : undefined)
    } catch (error) {
      // The room goes on without cover.
      if (!(error instanceof AuthChainLimitError)) throw error
      this.#deps.onError(error)
    }
  }

  async #commit(statements: readonly BoundWrite[]): Promise<void> {
    if (this.#row === undefined) throw new Superseded()
    const { database, followerStore } = this.#deps
    const position = this.#position
    const advance = followerStore.advance(AUTH_COVER_FOLLOWER, this.#row, position)
    const result = await database.write({ statements: [advance, ...statements] })
    if (!result.committed) throw new Superseded()
    this.#row = { position, version: this.#row.version + 1 }
  }

  async #pause(): Promise<void> {
    const { clock } = this.#deps
    if (clock.monotonic() - this.#sliceBegan < SLICE_MS) return
    await nextTurn()
    this.#sliceBegan = clock.monotonic()
  }
}
