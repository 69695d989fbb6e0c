/** Resolves in the event loop's next turn: a long computation waits for it now and then, so that other work can run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
