/** A room's state tree cannot be read: a chunk is missing, or its bytes are not what a tree wrote. */
export class StateTreeError extends Error {
  override readonly name = 'StateTreeError'
  readonly kind: 'missing' | 'corrupt'
  readonly room: number
  readonly chunk: number
  /** The node within the chunk; undefined if the chunk itself is at fault. */
  readonly index: number | undefined

  constructor(
    at: { kind: 'missing' | 'corrupt'; room: number; chunk: number; index?: number },
    reason: string,
    cause?: unknown,
  ) {
    const node = at.index === undefined ? '' : `, node ${at.index}`
    super(`state tree of room ${at.room}, chunk ${at.chunk}${node}: ${reason}`, { cause })
    this.kind = at.kind
    this.room = at.room
    this.chunk = at.chunk
    this.index = at.index
  }
}
