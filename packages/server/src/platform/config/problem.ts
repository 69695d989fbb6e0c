/** One thing wrong with a configuration: the option's dotted path (empty: the file itself), and what is expected. */
export interface ConfigProblem {
  readonly path: string
  readonly message: string
  /** `file:line` of the option, where it is known. */
  readonly where?: string | undefined
}

/** A configuration that cannot be used. The message lists every problem, one a line, each with its dotted path. */
export class ConfigError extends Error {
  /** Dotted path of the first problem; empty when it concerns a whole file. */
  readonly path: string
  readonly problems: readonly ConfigProblem[]

  constructor(problems: readonly ConfigProblem[], options: { cause?: unknown } = {}) {
    super(problems.map(describeProblem).join('\n'), options)
    this.name = 'ConfigError'
    this.path = problems[0]?.path ?? ''
    this.problems = problems
  }
}

function describeProblem({ path, message, where }: ConfigProblem): string {
  const subject = path === '' ? message : `${path}: ${message}`
  return where === undefined ? subject : `${subject} (${where})`
}
