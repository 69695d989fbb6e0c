/** How large the inputs of the subjects are. */
export interface Scale {
  /** Members of the room of auth checks and push evaluation. */
  readonly members: number
  /** Entries of the state of the tree and of the resolution. */
  readonly entries: number
  readonly forks: number
}

/** One way of doing a thing. */
export interface Version {
  /** Does it once. What comes back, or what a promise resolves to, is of no further interest. */
  run(input: number): unknown
  /** Does it once, and says what came of it in a form that both versions have in common. */
  answer(input: number): unknown
}

/** One thing, done by our implementation and by a naive one. */
export interface Contest {
  readonly name: string
  /** What one operation is, in the plural. */
  readonly unit: string
  /** How many different inputs there are; they are numbered from 0. */
  readonly inputs: number
  readonly ours: Version
  readonly naive: Version
}

/** A part of the server whose own work is measured, without HTTP, disk or clients. */
export interface Subject {
  readonly name: string
  /** What is compared with what, in one line. */
  readonly about: string
  contests(scale: Scale): Promise<readonly Contest[]>
}

/** A version whose results are their own answers, or from which an answer can be told. */
export function versionOf<Result>(
  run: (input: number) => Result | Promise<Result>,
  answer: (result: Result) => unknown = (result) => result,
): Version {
  return { run, answer: async (input) => answer(await run(input)) }
}

/** The item for an input. @throws RangeError if there is none. */
export function inputOf<Item>(items: readonly Item[], input: number): Item {
  const item = items[input]
  if (item === undefined) throw new RangeError(`no input ${input}`)
  return item
}
