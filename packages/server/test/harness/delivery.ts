/**
 * What is wrong with the events somebody heard of, if they are to have heard of each exactly once and in one order.
 * @param order IDs of the events, in the room's order.
 * @param heard IDs in the order heard.
 * @returns a line per fault; nothing if all is well.
 */
export function deliveryFaults(who: string, order: readonly string[], heard: readonly string[]): string[] {
  const faults: string[] = []
  const counts = new Map<string, number>()
  for (const id of heard) counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const [id, count] of counts) if (count > 1) faults.push(`${who} heard of ${id} ${count} times`)
  for (const id of order) if (!counts.has(id)) faults.push(`${who} never heard of ${id}`)
  const known = new Set(order)
  for (const id of counts.keys()) if (!known.has(id)) faults.push(`${who} heard of ${id}, which is not there`)
  if (faults.length === 0) faults.push(...orderFaults(who, order, heard))
  return faults
}

/** The part of a room's order that concerns somebody who came in the middle: from the first event they heard of. */
export function fromFirstHeard(order: readonly string[], heard: readonly string[]): readonly string[] {
  const [first] = heard
  return first === undefined ? order : order.slice(Math.max(0, order.indexOf(first)))
}

/** Where two orders of the same events part. */
function orderFaults(who: string, expected: readonly string[], heard: readonly string[]): string[] {
  const place = expected.findIndex((id, index) => heard[index] !== id)
  return place === -1 ? [] : [`${who} heard of ${heard[place]} where ${expected[place]} belongs`]
}
