import { LRUCache } from 'lru-cache'
import { getRoomVersion } from '@magik/protocol'
import type { BoundWrite } from '../../../platform/database/database.ts'
import type { CoverRow } from '../../../storage/auth-chain-store.ts'
import type { RoomStore } from '../../../storage/room-store.ts'
import type { StateTree } from '../state-tree.ts'
import { StateTreeError } from '../state-tree-error.ts'
import { EMPTY_TREE, type NodeRef } from '../tree-node.ts'
import { MAX_AUTH_CHAIN_STEPS } from './auth-chains.ts'
import type { AuthReference, AuthRoom } from './auth-references.ts'
import { CoverPlan, type CoverPlanning } from './cover-plan.ts'
import { type AuthChainReading, uncoveredEvents } from './uncovered-events.ts'

/** Rows of one commit, at most. */
const ROWS_PER_CHUNK = 480

/** Rooms whose covered state is remembered. */
const KNOWN_ROOMS = 10_000

/** What covering rooms takes. */
export interface CoverWriterDeps extends AuthChainReading, CoverPlanning {
  readonly roomStore: RoomStore
  readonly tree: StateTree
  /** Commits a chunk of cover; it may throw to abandon what is being covered. */
  readonly commit: (statements: readonly BoundWrite[]) => Promise<void>
  /** Awaited after each event, so that long work makes room for other work. */
  readonly pause: () => Promise<void>
}

interface OpenRoom {
  readonly room: AuthRoom
  cover: CoverRow
  plan: CoverPlan
  isMoved: boolean
}

/**
 * Covers states of rooms, in chunks of at most 500 rows. Each chunk leaves the cover sound: an event comes with its
 * rows, after its auth events, and a room's state counts as covered once all of its events are.
 */
export class CoverWriter {
  readonly #deps: CoverWriterDeps
  readonly #open = new Map<number, OpenRoom>()
  readonly #covered = new LRUCache<number, NodeRef>({ max: KNOWN_ROOMS })

  constructor(deps: CoverWriterDeps) {
    this.#deps = deps
  }

  /** The covered state of a room, if it is remembered and stored. */
  coveredRoot(roomNid: number): NodeRef | undefined {
    return this.#covered.get(roomNid)
  }

  /**
   * Covers a state of a room and then an event that has been sent in it. Of the state only what differs from the one
   * covered before is looked at.
   * @param event a state event, and the root of the state after it.
   * @throws AuthChainLimitError if its auth chains are too long.
   */
  async cover(
    roomNid: number,
    root: NodeRef,
    event?: { readonly eventNid: number; readonly root: NodeRef },
  ): Promise<void> {
    const open = await this.#openRoom(roomNid)
    if (open === undefined || !(await this.#coverState(open, root))) return
    if (event !== undefined) await this.#coverEvents(open, [event.eventNid])
    const covered = event?.root ?? root
    if (open.cover.root === covered) this.#covered.set(roomNid, covered)
    else {
      open.cover = { ...open.cover, root: covered }
      open.isMoved = true
    }
  }

  /** Whether something has been planned that is not stored yet. */
  get isDirty(): boolean {
    return this.#open.values().some(({ plan, isMoved }) => isMoved || plan.writes.length > 0)
  }

  /** Stores what has been planned. */
  async flush(): Promise<void> {
    const statements: BoundWrite[] = []
    for (const { room, cover, plan, isMoved } of this.#open.values()) {
      statements.push(...plan.writes)
      if (!isMoved && plan.nextChain === cover.nextChain) continue
      const moved = { root: cover.root, nextChain: plan.nextChain }
      statements.push(this.#deps.authChainStore.setCover(room.roomNid, moved))
    }
    await this.#deps.commit(statements)
    for (const [roomNid, open] of this.#open) {
      open.cover = { root: open.cover.root, nextChain: open.plan.nextChain }
      open.plan = new CoverPlan(this.#deps, roomNid, open.cover)
      open.isMoved = false
      this.#covered.set(roomNid, open.cover.root)
    }
  }

  /** Forgets what has been planned, and what is known of the stored cover. */
  reset(): void {
    this.#open.clear()
    this.#covered.clear()
  }

  /** Forgets rooms of which all is stored. */
  close(): void {
    this.#open.clear()
  }

  async #openRoom(roomNid: number): Promise<OpenRoom | undefined> {
    const known = this.#open.get(roomNid)
    if (known !== undefined) return known
    const row = await this.#deps.roomStore.findByNid(roomNid)
    const version = row && getRoomVersion(row.version)
    if (row === undefined || version === undefined) return undefined
    const cover = await this.#deps.authChainStore.coverOf(roomNid)
    const room = { roomNid, roomId: row.roomId, version }
    const open = { room, cover, plan: new CoverPlan(this.#deps, roomNid, cover), isMoved: false }
    this.#open.set(roomNid, open)
    return open
  }

  /** @returns whether the state could be read: of a purged room's old states some cannot. */
  async #coverState(open: OpenRoom, root: NodeRef): Promise<boolean> {
    // The state covered last may be gone: then the whole of the new one is looked at.
    for (const base of new Set([open.cover.root, EMPTY_TREE])) {
      try {
        for await (const batch of this.#deps.tree.diffBatches(open.room.roomNid, base, root)) {
          await this.#coverEvents(
            open,
            batch.flatMap(({ after }) => after ?? []),
          )
        }
        return true
      } catch (error) {
        if (!(error instanceof StateTreeError)) throw error
      }
    }
    return false
  }

  async #coverEvents(open: OpenRoom, eventNids: readonly number[]): Promise<void> {
    const { planned } = open.plan
    const { uncovered, covered } = await uncoveredEvents(
      this.#deps,
      open.room,
      eventNids,
      MAX_AUTH_CHAIN_STEPS,
      planned,
    )
    const places = new Map(covered)
    for (const reference of uncovered) {
      if (this.#rows() + mostRows(reference) > ROWS_PER_CHUNK) await this.flush()
      await open.plan.add(reference, places)
      const place = open.plan.planned.get(reference.eventNid)
      if (place !== undefined) places.set(reference.eventNid, place)
      await this.#deps.pause()
    }
  }

  #rows(): number {
    let rows = 0
    for (const { plan } of this.#open.values()) rows += plan.writes.length + 1
    return rows
  }
}

/** Most rows that covering an event takes. */
function mostRows({ authNids, named }: AuthReference): number {
  return 1 + authNids.length + named.length
}
