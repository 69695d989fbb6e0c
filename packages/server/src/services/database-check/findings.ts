import type { BoundWrite, Database } from '../../platform/database/database.ts'
import type { Schema } from '../../storage/schema.ts'

/** Statements of one commit of a repair, at most. */
const STATEMENTS_PER_CHUNK = 400

/** Something that is not as it should be. */
export interface Finding {
  /** What it is about, such as a room or an event. */
  readonly about: string
  readonly what: string
  /** What corrects it, where it is derived from what is stored. */
  readonly repair?: readonly BoundWrite[]
}

/** What a check came to. */
export interface CheckTally {
  readonly found: number
  readonly repaired: number
}

/** What findings are told to. */
export interface FindingsDeps {
  readonly database: Database<Schema>
  /** Whether what can be repaired is. */
  readonly isRebuilding: boolean
  readonly onFinding: (finding: Finding, outcome: 'found' | 'repaired' | 'not repaired') => void
}

/** Passes findings on as they come, and carries out their repairs in chunks: a repair that is interrupted is begun anew. */
export class Findings {
  readonly #deps: FindingsDeps
  #waiting: BoundWrite[] = []
  #found = 0
  #repaired = 0

  constructor(deps: FindingsDeps) {
    this.#deps = deps
  }

  /** Whether what can be repaired is. */
  get isRebuilding(): boolean {
    return this.#deps.isRebuilding
  }

  get tally(): CheckTally {
    return { found: this.#found, repaired: this.#repaired }
  }

  /** Notes a finding. */
  async add(finding: Finding): Promise<void> {
    const { isRebuilding, onFinding } = this.#deps
    const isRepaired = isRebuilding && finding.repair !== undefined
    this.#found += 1
    if (isRepaired) {
      this.#repaired += 1
      this.#waiting.push(...(finding.repair ?? []))
    }
    onFinding(finding, isRepaired ? 'repaired' : isRebuilding ? 'not repaired' : 'found')
    if (this.#waiting.length >= STATEMENTS_PER_CHUNK) await this.flush()
  }

  /** Stores what has been repaired. */
  async flush(): Promise<void> {
    const statements = this.#waiting
    this.#waiting = []
    for (let start = 0; start < statements.length; start += STATEMENTS_PER_CHUNK) {
      await this.#deps.database.write({ statements: statements.slice(start, start + STATEMENTS_PER_CHUNK) })
    }
  }
}

/** A room as findings name it. */
export function aboutRoom(room: { readonly room_id: string; readonly room_nid: number }): string {
  return `room ${room.room_id} (number ${room.room_nid})`
}
