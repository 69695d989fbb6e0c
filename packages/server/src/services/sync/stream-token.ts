import { MatrixError } from '@magik/protocol'

/**
 * A place in the stream, as clients hold it: `s1.<epoch>.<position>`. The epoch names the database's incarnation; the
 * leading `s1` the form, so that later ones can tell it apart.
 */
export interface StreamToken {
  readonly kind: 'stream'
  readonly epoch: string
  readonly position: number
}

/** A place in a room's order of events, as `/messages` hands it out: `t1.<epoch>.<depth>.<event number>`. */
export interface TopologicalToken {
  readonly kind: 'topological'
  readonly epoch: string
  readonly depth: number
  readonly eventNid: number
}

const STREAM = /^s1\.([a-z0-9]{1,32})\.(\d{1,15})$/
const TOPOLOGICAL = /^t1\.([a-z0-9]{1,32})\.(\d{1,15})\.(\d{1,15})$/

/** The token as clients get it. */
export function formatToken(token: StreamToken | TopologicalToken): string {
  return token.kind === 'stream'
    ? `s1.${token.epoch}.${token.position}`
    : `t1.${token.epoch}.${token.depth}.${token.eventNid}`
}

/** @throws MatrixError M_INVALID_PARAM if the text is no token that `/sync` ever gave. */
export function parseStreamToken(text: string): StreamToken {
  const token = parseRoomToken(text)
  if (token.kind !== 'stream') throw invalidToken()
  return token
}

/** @throws MatrixError M_INVALID_PARAM if the text is no token that this server ever gave. */
export function parseRoomToken(text: string): StreamToken | TopologicalToken {
  const stream = STREAM.exec(text)
  if (stream?.[1] !== undefined) return { kind: 'stream', epoch: stream[1], position: Number(stream[2]) }
  const topological = TOPOLOGICAL.exec(text)
  if (topological?.[1] === undefined) throw invalidToken()
  const [, epoch, depth, eventNid] = topological
  return { kind: 'topological', epoch, depth: Number(depth), eventNid: Number(eventNid) }
}

function invalidToken(): MatrixError {
  return new MatrixError('M_INVALID_PARAM', 'The token is not one of this server')
}
