/**
 * Finds the name that is fewest typing mistakes away.
 * @returns the name and its distance, or undefined if there are no names.
 */
export function nearestName(
  name: string,
  names: Iterable<string>,
): { readonly name: string; readonly distance: number } | undefined {
  let nearest: { name: string; distance: number } | undefined
  for (const candidate of names) {
    const distance = editDistance(name, candidate)
    if (nearest === undefined || distance < nearest.distance) nearest = { name: candidate, distance }
  }
  return nearest
}

/** Least number of characters inserted, left out, replaced or swapped with their neighbour that turns one text into another. */
export function editDistance(from: string, to: string): number {
  // Names are short; whatever is longer than that is no misspelt one, and must not cost quadratic time.
  const [left, right] = [from.slice(0, 100), to.slice(0, 100)]
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let best = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      )
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        best = Math.min(best, (beforeLast[column - 2] ?? 0) + 1)
      }
      current.push(best)
    }
    beforeLast = last
    last = current
  }
  return last[right.length] ?? 0
}
