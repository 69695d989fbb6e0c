import type { RoomVersion } from '@magik/protocol'
import type { StateResetRow } from '../../storage/room-graph-store.ts'
import type { StagedChunks } from '../state/staged-chunks.ts'
import type { StateReading } from './auth-state.ts'

/** The room whose states are resolved. */
export interface ForkedRoom {
  readonly roomNid: number
  readonly version: RoomVersion
}
export class ForkResolver {
  readonly #reading: StateReading
  constructor(deps: StateReading) {
    this.#reading = deps
  }
  async resolve(room: ForkedRoom, roots: readonly number[], staged: StagedChunks): Promise<number> {
    throw new Error(String([this.#reading, room, roots, staged]))
  }
  async stateResets(room: ForkedRoom, states: { readonly forks: readonly number[]; readonly before: number; readonly after: number }): Promise<StateResetRow[]> {
    throw new Error(String([room, states]))
  }
}
