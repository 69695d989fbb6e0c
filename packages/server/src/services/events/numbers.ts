import type { NumberKind, NumberStore } from '../../storage/number-store.ts'

const BLOCK_SIZE = 1_000

interface Block {
  next: number
  end: number
  refill: Promise<void> | undefined
}

/**
 * Numbers new events, rooms and users from blocks that this process owns. Numbers of a process that stops are lost:
 * gaps are normal.
 */
export class Numbers {
  readonly #store: NumberStore
  readonly #blocks: Record<NumberKind, Block> = { event: emptyBlock(), room: emptyBlock(), user: emptyBlock() }

  constructor(store: NumberStore) {
    this.#store = store
  }

  /** The next number of a kind; waits for the database only when a block is used up. */
  next(kind: NumberKind): number | Promise<number> {
    const block = this.#blocks[kind]
    if (block.next < block.end) return block.next++
    return this.#afterRefill(kind)
  }

  async #afterRefill(kind: NumberKind): Promise<number> {
    const block = this.#blocks[kind]
    while (block.next >= block.end) {
      block.refill ??= this.#refill(kind).finally(() => {
        block.refill = undefined
      })
      await block.refill
    }
    return block.next++
  }

  async #refill(kind: NumberKind): Promise<void> {
    const first = await this.#store.takeBlock(kind, BLOCK_SIZE)
    const block = this.#blocks[kind]
    block.next = first
    block.end = first + BLOCK_SIZE
  }
}

function emptyBlock(): Block {
  return { next: 0, end: 0, refill: undefined }
}
