import { parseArgs } from 'node:util'
import type { Scale, Subject } from './contest.ts'
import { SUBJECTS } from './subjects.ts'

export const USAGE = `Measures parts of Magik against naive versions of the same, in one process, without HTTP.

  npm run bench:micro

  --subject A,B        only these: ${SUBJECTS.map(({ name }) => name).join(', ')}
  --duration SECONDS   how long each pair of versions is measured in a round (2)
  --rounds N           how often everything is measured; the median counts (3)
  --members N          members of the room of auth-check and push-evaluation (10000)
  --entries N          entries of the state of state-tree and fork-resolution (50000)
  --forks N            forks of fork-resolution (100)
  --json FILE          writes all figures there too
  --help
`

export interface MicroOptions {
  readonly subjects: readonly Subject[]
  readonly durationMs: number
  readonly rounds: number
  readonly scale: Scale
  readonly jsonFile: string | undefined
  readonly help: boolean
}

/**
 * Reads the command line.
 * @throws Error that says what makes no sense.
 */
export function parseMicroOptions(args: readonly string[]): MicroOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      subject: text,
      duration: text,
      rounds: text,
      members: text,
      entries: text,
      forks: text,
      json: text,
      help: { type: 'boolean' },
    },
  })
  return {
    subjects: subjectsOf(values.subject),
    durationMs: 1_000 * atLeast('--duration', 0, values.duration ?? '2'),
    rounds: wholeNumber('--rounds', 1, values.rounds ?? '3'),
    scale: {
      members: wholeNumber('--members', 100, values.members ?? '10000'),
      entries: wholeNumber('--entries', 100, values.entries ?? '50000'),
      forks: wholeNumber('--forks', 2, values.forks ?? '100'),
    },
    jsonFile: values.json,
    help: values.help ?? false,
  }
}

function subjectsOf(names: string | undefined): readonly Subject[] {
  if (names === undefined) return SUBJECTS
  return names.split(',').map((name) => {
    const subject = SUBJECTS.find((each) => each.name === name.trim())
    if (subject === undefined) throw new Error(`there is no subject ${name}`)
    return subject
  })
}

function atLeast(flag: string, least: number, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < least) throw new Error(`${flag} takes a number from ${least}, not ${text}`)
  return value
}

function wholeNumber(flag: string, least: number, text: string): number {
  const value = atLeast(flag, least, text)
  if (!Number.isInteger(value)) throw new Error(`${flag} takes a whole number, not ${text}`)
  return value
}
