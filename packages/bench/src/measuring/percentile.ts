/**
 * The value below or at which `share` of the sorted values lie (nearest rank).
 * @param sorted ascending, not empty.
 * @param share from 0 to 1.
 * @throws RangeError if there are no values.
 */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length))
  const value = sorted[Math.min(rank, sorted.length) - 1]
  if (value === undefined) throw new RangeError('no values to take a percentile of')
  return value
}

/**
 * The middle value, or the mean of the middle two.
 * @throws RangeError if there are no values.
 */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  if (low === undefined || high === undefined) throw new RangeError('no values to take a median of')
  return (low + high) / 2
}
