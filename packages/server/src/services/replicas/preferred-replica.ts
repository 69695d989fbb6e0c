import { hash } from 'node:crypto'

/**
 * The replica that a key prefers among several, by rendezvous hashing: every replica that knows the same others finds
 * the same one, keys spread evenly, and when a replica comes or goes only the keys move that it gets or had.
 * @param replicaIds in any order; at least one.
 */
export function preferredReplica(key: string, replicaIds: readonly string[]): string {
  let best: { readonly id: string; readonly score: string } | undefined
  for (const id of replicaIds) {
    const score = hash('sha256', `${id} ${key}`, 'hex')
    if (best === undefined || score > best.score) best = { id, score }
  }
  if (best === undefined) throw new Error('there is no replica')
  return best.id
}
