/** A gate that tells when a batch has arrived at it, and lets it through on demand. */
export function heldGate() {
  const arrivals: (() => void)[] = []
  let isOpen = false
  let arrived = Promise.withResolvers<void>()
  return {
    commitGate: async () => {
      if (isOpen) return
      arrived.resolve()
      await new Promise<void>((resolve) => arrivals.push(resolve))
    },
    arrived: () => arrived.promise,
    letOneThrough() {
      arrived = Promise.withResolvers()
      arrivals.shift()?.()
    },
    open() {
      isOpen = true
      for (const letThrough of arrivals.splice(0)) letThrough()
    },
  }
}
