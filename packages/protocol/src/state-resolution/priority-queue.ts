/** A queue that gives out the smallest of its items first. */
export class PriorityQueue<Item> {
  readonly #compare: (a: Item, b: Item) => number
  readonly #heap: Item[] = []

  /** @param compare must tell any two different items apart if the order is to be determined. */
  constructor(compare: (a: Item, b: Item) => number) {
    this.#compare = compare
  }

  push(item: Item): void {
    const heap = this.#heap
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || this.#compare(parent, item) <= 0) break
      heap[place] = parent
      place = above
    }
    heap[place] = item
  }

  pop(): Item | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      const below = this.#smallerBelow(place)
      const child = heap[below]
      if (child === undefined || this.#compare(last, child) <= 0) break
      heap[place] = child
      place = below
    }
    heap[place] = last
    return first
  }

  #smallerBelow(place: number): number {
    const left = 2 * place + 1
    const [a, b] = [this.#heap[left], this.#heap[left + 1]]
    return a !== undefined && b !== undefined && this.#compare(b, a) < 0 ? left + 1 : left
  }
}
