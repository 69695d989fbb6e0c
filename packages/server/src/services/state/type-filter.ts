import { commonType, FIRST_HASHED_SLOT, HASHED_SLOTS, MEMBER_NIBBLE } from './common-types.ts'
import type { KeyPaths } from './state-key.ts'

/** Which event types are wanted: those of `types` (all, if absent) without those of `notTypes`. Exact names, no globs. */
export interface StateFilter {
  readonly types?: readonly string[] | undefined
  readonly notTypes?: readonly string[] | undefined
}

/** A filter, and the parts of a tree in which its types may lie. */
export class TypeFilter {
  readonly #types: ReadonlySet<string> | undefined
  readonly #notTypes: ReadonlySet<string>
  /** Whether wanted types may lie in a place; undefined: in all. */
  readonly #slots: readonly boolean[] | undefined

  constructor({ types, notTypes }: StateFilter, paths: KeyPaths) {
    this.#types = types && new Set(types)
    this.#notTypes = new Set(notTypes)
    if (!types && !notTypes) return
    const named = new Set(types?.filter((type) => this.accepts(type)).map((type) => paths.slot(type)))
    this.#slots = Array.from({ length: 256 }, (_, slot) => named.has(slot) || (!types && this.#mayLieIn(slot)))
  }

  /** A place of the frozen table has one type; a hashed one may have any, so a type that is not wanted does not rule it out. */
  #mayLieIn(slot: number): boolean {
    const type = commonType(slot)
    if (type !== undefined) return this.accepts(type)
    return slot >= FIRST_HASHED_SLOT && slot < FIRST_HASHED_SLOT + HASHED_SLOTS
  }

  readonly accepts = (type: string): boolean => {
    return (this.#types?.has(type) ?? true) && !this.#notTypes.has(type)
  }

  /**
   * Whether wanted entries may lie below a child.
   * @param depth of the parent; the root's is 0.
   * @param first the path's first nibble; of no matter at the root.
   */
  follows(depth: number, first: number, nibble: number): boolean {
    if (!this.#slots || depth > 1) return true
    if (depth === 0) return this.#slots.slice(nibble << 4, (nibble + 1) << 4).includes(true)
    return first === MEMBER_NIBBLE || (this.#slots[(first << 4) | nibble] ?? false)
  }
}
