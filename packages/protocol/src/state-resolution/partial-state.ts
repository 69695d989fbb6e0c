import type { StateKey } from '../auth-rules/auth-event-keys.ts'
import type { EventId } from '../identifiers.ts'
import { batches } from './event-reader.ts'
import type { StateConflict } from './state-conflict.ts'
import { StateKeyMap } from './state-key-map.ts'

/** A partially resolved state: a base of which only what is asked for is looked up, and what was applied to it. */
export class PartialState {
  readonly #conflict: StateConflict
  readonly #base: 'empty' | 'unconflicted'
  readonly #looked = new StateKeyMap<EventId | undefined>()
  readonly #applied = new StateKeyMap<EventId>()

  constructor(conflict: StateConflict, base: 'empty' | 'unconflicted') {
    this.#conflict = conflict
    this.#base = base
  }

  /** What was applied, in no particular order. */
  get applied(): Iterable<readonly [StateKey, EventId]> {
    return this.#applied
  }

  /** Looks up entries of the base, so that `get` has them. Returns the events that the state has for these keys. */
  async prepare(keys: readonly StateKey[]): Promise<EventId[]> {
    if (this.#base === 'unconflicted') {
      const wanted = new StateKeyMap<true>()
      for (const key of keys) if (!this.#looked.has(...key)) wanted.set(...key, true)
      for (const batch of batches([...wanted].map(([key]) => key))) {
        const found = await this.#conflict.unconflicted(batch)
        for (const [index, key] of batch.entries()) this.#looked.set(...key, found[index])
      }
    }
    return keys.flatMap((key) => this.get(...key) ?? [])
  }

  /** The event of a key. Entries of the base are there only after `prepare`. */
  get(type: string, stateKey: string): EventId | undefined {
    return this.#applied.get(type, stateKey) ?? this.#looked.get(type, stateKey)
  }

  /** Replaces the event of a key. */
  set(type: string, stateKey: string, eventId: EventId): void {
    this.#applied.set(type, stateKey, eventId)
  }
}
