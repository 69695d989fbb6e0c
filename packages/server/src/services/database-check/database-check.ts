import { getRoomVersion } from '@magik/protocol'
import type { Database } from '../../platform/database/database.ts'
import type { RawRoom } from '../../storage/check-store.ts'
import type { Schema } from '../../storage/schema.ts'
import { authCoverFaults } from './auth-cover-check.ts'
import { rebuildAuthCover } from './auth-cover-rebuild.ts'
import { type Checking, messageOf } from './checking.ts'
import { EventCheck } from './event-check.ts'
import { aboutRoom, type CheckTally } from './findings.ts'
import { checkGraph } from './graph-check.ts'
import { checkLog } from './log-check.ts'
import { checkMemberships } from './membership-check.ts'
import { checkRoomState } from './room-state-check.ts'

/** What the check stands on. */
export interface DatabaseCheckDeps extends Checking {
  readonly database: Database<Schema>
  /** Told now and then what has been done. */
  readonly onProgress: (text: string) => void
}

/**
 * Recomputes what is derived in the database from what is not, and tells where they differ: first what the whole
 * database shares, then each event by itself, then each room. Memory is bounded whatever the database's size. Nothing
 * else may write meanwhile.
 */
export class DatabaseCheck {
  readonly #deps: DatabaseCheckDeps

  constructor(deps: DatabaseCheckDeps) {
    this.#deps = deps
  }

  /** Checks everything, and repairs what can be if asked to. */
  async run(): Promise<CheckTally> {
    const { findings, onProgress } = this.#deps
    await checkLog(this.#deps, (position) => onProgress(`log: position ${position}`))
    await new EventCheck(this.#deps).run((events) => onProgress(`events: ${events}`))
    await findings.flush()
    await this.#checkRooms()
    await findings.flush()
    return findings.tally
  }

  async #checkRooms(): Promise<void> {
    const { checkStore, onProgress } = this.#deps
    let checked = 0
    for (let after = 0; ; ) {
      const rooms = await checkStore.rooms(after)
      const last = rooms.at(-1)
      if (last === undefined) return
      after = last.room_nid
      for (const room of rooms) {
        await this.#checkRoom(room)
        checked += 1
        onProgress(`rooms: ${checked}`)
      }
    }
  }

  async #checkRoom(room: RawRoom): Promise<void> {
    const { findings } = this.#deps
    const version = getRoomVersion(room.version)
    if (version === undefined) {
      await findings.add({ about: aboutRoom(room), what: `its version ${room.version} is not known` })
      return
    }
    try {
      await checkRoomState(this.#deps, room, version)
      await checkGraph(this.#deps, room, version)
      await checkMemberships(this.#deps, room)
      await this.#checkAuthCover(room, version)
    } catch (error) {
      await findings.add({ about: aboutRoom(room), what: `it cannot be checked further: ${messageOf(error)}` })
    }
  }

  async #checkAuthCover(room: RawRoom, version: NonNullable<ReturnType<typeof getRoomVersion>>): Promise<void> {
    const { findings, database } = this.#deps
    const faults = await authCoverFaults(this.#deps, room, version)
    if (faults.length === 0) return
    if (findings.isRebuilding) await rebuildAuthCover(this.#deps, database, room)
    const about = `auth chains of ${aboutRoom(room)}`
    for (const what of faults) await findings.add({ about, what, repair: [] })
  }
}
