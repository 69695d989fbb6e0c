import { type EventId, getRoomVersion, type Pdu, type RoomId, type RoomVersion } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { AppendResult } from './built-event.ts'
import type { HeadRow, RoomRow, RoomStore } from '../../storage/room-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'

/** Heads of idle rooms kept in memory. */
const CACHED_HEADS = 20_000

/** State events that senders of one room need again and again; beyond it the room's small cache starts afresh. */
const CACHED_STATE_EVENTS = 500

/** A state event with its PDU. */
export interface CachedState {
  readonly event: StoredEvent
  readonly pdu: Pdu
}

/** Events that a room has heard of before they came, as `pending` knows them; undefined where there are too many to keep. */
export interface ExpectedEvents {
  /** Backward extremities. */
  readonly missing: Set<EventId> | undefined
  /** What redactions of the room name, known or not. */
  readonly redacted: Set<EventId> | undefined
}

/**
 * A room's head: its forward extremities and current state, once as committed, for readers, and once as the next
 * event will find it, for the room's queue.
 */
export class RoomHead {
  readonly roomNid: number
  readonly roomId: RoomId
  readonly version: RoomVersion
  committed: HeadRow
  /** Position of the newest committed timeline event. */
  committedPosition: number
  pending: HeadRow
  /** A commit was refused: `pending` builds on events that do not exist. */
  isBroken = false
  /** What became of the newest commit: who acts on `pending` without adding to it waits for this. */
  newestCommit: Promise<AppendResult> | undefined
  /** What the room's graph waits for, once it has been read. */
  expected: ExpectedEvents | undefined
  readonly #state = new Map<string, CachedState>()
  #inFlight = 0
  #idle: (() => void)[] = []

  constructor(room: { roomNid: number; roomId: RoomId; version: RoomVersion; head: HeadRow; position: number }) {
    this.roomNid = room.roomNid
    this.roomId = room.roomId
    this.version = room.version
    this.committed = room.head
    this.committedPosition = room.position
    this.pending = room.head
  }

  /** Whether commits of this room are under way. */
  get isBusy(): boolean {
    return this.#inFlight > 0
  }

  /** Moves the head on before the commit is durable, so that the next event need not wait. */
  advance(head: HeadRow): void {
    this.pending = head
    this.#inFlight += 1
  }

  /** One of the commits begun by `advance` has ended. */
  settle(outcome: { committed: HeadRow; position: number } | 'refused'): void {
    if (outcome === 'refused') {
      this.isBroken = true
    } else {
      this.committed = outcome.committed
      this.committedPosition = outcome.position
    }
    this.#inFlight -= 1
    if (this.#inFlight === 0) for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Resolves when no commit of this room is under way. */
  async idle(): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** A state event of `pending`, if it was needed lately. */
  cachedState(key: string): CachedState | undefined {
    return this.#state.get(key)
  }

  /** Remembers a state event of `pending`. */
  cacheState(key: string, state: CachedState): void {
    if (this.#state.size >= CACHED_STATE_EVENTS) this.#state.clear()
    this.#state.set(key, state)
  }

  /** Forgets remembered state events: one of them has been redacted. */
  forgetState(): void {
    this.#state.clear()
  }
}

/** Bytes that decide by how much a commit moves a head's version on: up to 2^24, with room for billions of commits. */
const VERSION_STEP_BYTES = 3

/**
 * The version of the head that a commit leaves behind. It is drawn by lot: of a head that was refused, and another that
 * another writer has put in its place, mere counting would make the same number.
 */
export function nextVersion(version: number, randomBytes: (count: number) => Uint8Array): number {
  let step = 0
  for (const byte of randomBytes(VERSION_STEP_BYTES)) step = step * 256 + byte
  return version + 1 + step
}

/** The head of a room before its first event. */
export const EMPTY_HEAD: HeadRow = {
  version: 0,
  forwardExtremities: [],
  stateRoot: 0,
  nextChunk: 1,
  depth: 0,
  joinedMembers: 0,
  invitedMembers: 0,
}

/** The key of a state event in `RoomHead.cachedState`. */
export function stateCacheKey(type: string, stateKey: string): string {
  // Neither can hold a boundary that it does not have: a NUL between them could be part of either.
  return `${type.length}:${type}${stateKey}`
}

/** Finds rooms' heads; at most one object stands for a room. */
export class RoomHeads {
  readonly #store: RoomStore
  readonly #idle = new LRUCache<RoomId, RoomHead>({ max: CACHED_HEADS })
  readonly #busy = new Map<RoomId, RoomHead>()
  readonly #loading = new Map<RoomId, Promise<RoomHead | undefined>>()
  readonly #ids = new LRUCache<number, RoomId>({ max: CACHED_HEADS * 5 })
  /** Rooms that another process has written to while rooms were being loaded. */
  readonly #forgotten = new Set<number>()

  constructor(store: RoomStore) {
    this.#store = store
  }

  /** The head of a room that is in memory. */
  atHand(roomId: RoomId): RoomHead | undefined {
    return this.#busy.get(roomId) ?? this.#idle.get(roomId)
  }

  /** The head of a room, if the room is known. */
  async find(roomId: RoomId): Promise<RoomHead | undefined> {
    const atHand = this.atHand(roomId)
    if (atHand !== undefined) {
      // Kept for as long as the head is: `forget` finds it by its number.
      this.#ids.set(atHand.roomNid, roomId)
      return atHand
    }
    let loading = this.#loading.get(roomId)
    if (loading === undefined) {
      loading = this.#load(roomId).finally(() => {
        this.#loading.delete(roomId)
        if (this.#loading.size === 0) this.#forgotten.clear()
      })
      this.#loading.set(roomId, loading)
    }
    return loading
  }

  /** The head of a room by its number; a number without a room is a bug. */
  async get(roomNid: number): Promise<RoomHead> {
    const head = await this.findByNid(roomNid)
    if (head === undefined) throw new Error(`no room has number ${roomNid}`)
    return head
  }

  /**
   * The head of a room for whoever builds upon it, inside the room's queue: after a refused commit a fresh one, once the
   * commits that built on it have been refused too.
   */
  async sound(roomId: RoomId): Promise<RoomHead | undefined> {
    for (;;) {
      const head = await this.find(roomId)
      if (head === undefined || !head.isBroken) return head
      await head.idle()
      this.release(head)
    }
  }

  /** The head of a room by its number, if the room is known. */
  async findByNid(roomNid: number): Promise<RoomHead | undefined> {
    const roomId = this.#ids.get(roomNid) ?? (await this.#store.findByNid(roomNid))?.roomId
    const head = roomId === undefined ? undefined : await this.find(roomId)
    // The ID may belong to a room that has been made known anew.
    return head?.roomNid === roomNid ? head : undefined
  }

  /** Forgets the head of a room that is no longer known. */
  drop(head: RoomHead): void {
    this.#ids.delete(head.roomNid)
    if (this.#idle.get(head.roomId) === head) this.#idle.delete(head.roomId)
  }

  /** Adds the head of a room that is being created; `forget` it when its first commit is refused. */
  add(head: RoomHead): void {
    this.#ids.set(head.roomNid, head.roomId)
    this.#idle.set(head.roomId, head)
  }

  /** Keeps a head in memory while its commits are under way. */
  hold(head: RoomHead): void {
    this.#busy.set(head.roomId, head)
  }

  /** Ends `hold` when the last commit has ended. */
  release(head: RoomHead): void {
    if (head.isBusy) return
    this.#busy.delete(head.roomId)
    if (head.isBroken) this.#idle.delete(head.roomId)
    else this.#idle.set(head.roomId, head)
  }

  /**
   * Another process has written to the room: what is in memory is out of date. Commits under way that build on it will
   * be refused.
   */
  forget(roomNid: number): void {
    if (this.#loading.size > 0) this.#forgotten.add(roomNid)
    const roomId = this.#ids.peek(roomNid)
    if (roomId === undefined) return
    this.#idle.delete(roomId)
    const busy = this.#busy.get(roomId)
    if (busy !== undefined) busy.isBroken = true
  }

  async #load(roomId: RoomId): Promise<RoomHead | undefined> {
    const row = await this.#store.find(roomId)
    if (row === undefined) return undefined
    // It may have been read before what another process has written meanwhile.
    if (this.#forgotten.delete(row.roomNid)) return this.#load(roomId)
    // Whoever brought the room into memory meanwhile has the newer head.
    const newer = this.atHand(roomId)
    if (newer !== undefined) return newer
    const head = toHead(row)
    this.add(head)
    return head
  }
}

function toHead(row: RoomRow): RoomHead {
  const version = getRoomVersion(row.version)
  if (version === undefined) throw new Error(`room version ${row.version} is unknown`)
  return new RoomHead({ ...row, version })
}
