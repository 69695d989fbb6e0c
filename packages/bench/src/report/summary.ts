import { FIGURES, type Figures, type Measurement } from '../measuring/measurement.ts'
import { median } from '../measuring/percentile.ts'

/** The measurements of one server in one round. */
export interface Round {
  readonly server: string
  readonly measurements: readonly Measurement[]
}

/** One measurement over all rounds. */
export interface SummaryRow {
  readonly name: string
  readonly unit: string
  /** The median of each figure, by server. */
  readonly servers: Readonly<Record<string, Partial<Figures>>>
  /** First server divided by second, for each figure that both have; absent where only one was measured. */
  readonly ratios?: Partial<Figures>
  /** This measurement divided by another of the same server, for each server. */
  readonly against?: { readonly name: string; readonly servers: Readonly<Record<string, Partial<Figures>>> }
}

/** Takes the median of each figure over the rounds, and the ratios of the first server to the second. */
export function summarise(rounds: readonly Round[], serverNames: readonly string[]): readonly SummaryRow[] {
  const measurements = new Map(rounds.flatMap((round) => round.measurements.map((each) => [each.name, each])))
  const mediansByServer = new Map(
    [...measurements.keys()].map((name) => [
      name,
      Object.fromEntries(serverNames.map((server) => [server, medians(figuresOf(rounds, server, name))])),
    ]),
  )
  return [...measurements.values()].map(({ name, unit, against }) => {
    const servers = mediansByServer.get(name) ?? {}
    const [first, second] = serverNames.map((server) => servers[server])
    const others = against === undefined ? undefined : mediansByServer.get(against)
    return {
      name,
      unit,
      servers,
      ...(first === undefined || second === undefined ? {} : { ratios: ratiosOf(first, second) }),
      ...(against === undefined || others === undefined
        ? {}
        : { against: { name: against, servers: ratiosByServer(servers, others) } }),
    }
  })
}

function figuresOf(rounds: readonly Round[], server: string, name: string): readonly Figures[] {
  return rounds
    .filter((round) => round.server === server)
    .flatMap((round) => round.measurements)
    .filter((each) => each.name === name)
    .map((each) => each.figures)
}

function ratiosByServer(
  servers: SummaryRow['servers'],
  others: SummaryRow['servers'],
): Readonly<Record<string, Partial<Figures>>> {
  return Object.fromEntries(
    Object.entries(servers).map(([server, figures]) => [server, ratiosOf(figures, others[server] ?? {})]),
  )
}

function medians(all: readonly Partial<Figures>[]): Partial<Figures> {
  return collect((figure) => {
    const values = all.map((figures) => figures[figure]).filter((value) => value !== undefined)
    return values.length === 0 ? undefined : median(values)
  })
}

function ratiosOf(first: Partial<Figures>, second: Partial<Figures>): Partial<Figures> {
  return collect((figure) => {
    const [dividend, divisor] = [first[figure], second[figure]]
    return dividend === undefined || divisor === undefined || divisor === 0 ? undefined : dividend / divisor
  })
}

function collect(find: (figure: keyof Figures) => number | undefined): Partial<Figures> {
  const figures: Partial<Record<keyof Figures, number>> = {}
  for (const figure of FIGURES) {
    const value = find(figure)
    if (value !== undefined) figures[figure] = value
  }
  return figures
}
