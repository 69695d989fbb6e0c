import { pathParameters } from './route-pattern.ts'

interface Segment<Entry> {
  readonly literals: Map<string, Segment<Entry>>
  parameter: Segment<Entry> | undefined
  readonly entries: Entry[]
}

/** Knows what stands at a path whatever the method; asked only once the router has found no route. */
export class RouteIndex<Entry> {
  readonly #root: Segment<Entry> = newSegment()

  /** Notes an entry; `path` is in the spec's spelling. */
  add(path: string, entry: Entry): void {
    let segment = this.#root
    for (const text of path.split('/')) {
      let next: Segment<Entry>
      if (pathParameters(text).length > 0) {
        segment.parameter ??= newSegment()
        next = segment.parameter
      } else {
        next = segment.literals.get(text) ?? newSegment()
        segment.literals.set(text, next)
      }
      segment = next
    }
    segment.entries.push(entry)
  }

  /**
   * The entries of every path that fits.
   * @param path as in the request line, without query.
   */
  at(path: string): Entry[] {
    let segments = [this.#root]
    for (const text of path.split('/')) {
      segments = segments.flatMap(({ literals, parameter }) =>
        [literals.get(text), parameter].filter((segment) => segment !== undefined),
      )
      if (segments.length === 0) break
    }
    return segments.flatMap(({ entries }) => entries)
  }
}

function newSegment<Entry>(): Segment<Entry> {
  return { literals: new Map(), parameter: undefined, entries: [] }
}
