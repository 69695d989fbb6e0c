import type { BoundWrite, Database, WriteResult } from '../../platform/database/database.ts'
import type { ChangeStore, NewChange } from '../../storage/change-store.ts'
import type { Schema } from '../../storage/schema.ts'

/** A durable change, with the position its commit gave it. */
export interface Change extends NewChange {
  readonly position: number
}

/** What joins the log in one commit. */
export interface LogEntry {
  readonly statements: readonly BoundWrite[]
  /** Each takes one position: the i-th is `position(i)` in the statements. */
  readonly changes: readonly NewChange[]
  /** Called with the first position once durable, before the changes are published: bring caches up to date here. */
  readonly onDurable?: (firstPosition: number) => void
}

/** Called for each change, in order of position. Must not throw and must not wait. */
export type ChangeListener = (change: Change) => void

interface Publication {
  readonly entry: LogEntry
  readonly firstPosition: number
}

/**
 * The one log of everything durable that a client could see. Listeners hear of each change exactly once, in order of
 * position and without gaps, and only when it is durable.
 */
export class ChangeLog {
  readonly #database: Database<Schema>
  readonly #changes: ChangeStore
  readonly #listeners: ChangeListener[] = []
  readonly #early = new Map<number, Publication>()
  #position: number

  constructor(deps: { database: Database<Schema>; changes: ChangeStore }) {
    this.#database = deps.database
    this.#changes = deps.changes
    this.#position = deps.database.position()
  }

  /** The position up to which everything has been published. */
  get position(): number {
    return this.#position
  }

  /** Adds a listener; there is one per part that follows the log. */
  listen(listener: ChangeListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Commits an entry and publishes its changes. Resolves when both have happened; a refused entry has left nothing
   * behind.
   */
  async append(entry: LogEntry): Promise<WriteResult> {
    const rows = entry.changes.map((change, index) => this.#changes.insert(change, index))
    const result = await this.#database.write({
      statements: [...entry.statements, ...rows],
      positions: entry.changes.length,
    })
    if (result.committed) this.#publishInOrder({ entry, firstPosition: result.position })
    return result
  }

  #publishInOrder(publication: Publication): void {
    if (publication.entry.changes.length === 0) {
      publication.entry.onDurable?.(publication.firstPosition)
      return
    }
    // Commits are answered in order, so this map is all but always empty: it keeps the promise should they not be.
    this.#early.set(publication.firstPosition, publication)
    for (;;) {
      const next = this.#early.get(this.#position + 1)
      if (next === undefined) return
      this.#early.delete(next.firstPosition)
      this.#publish(next)
    }
  }

  #publish({ entry, firstPosition }: Publication): void {
    entry.onDurable?.(firstPosition)
    entry.changes.forEach((change, index) => {
      const published = { ...change, position: firstPosition + index }
      this.#position = published.position
      for (const listener of this.#listeners) listener(published)
    })
  }
}
