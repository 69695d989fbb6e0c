import { percentile } from './percentile.ts'

/** What one measurement found. Absent figures could not be measured (no process known, nothing to time). */
export interface Measurement {
  /** Which measurement this is, for instance `loaded-sends`; the same for every server and round. */
  readonly name: string
  /** What one operation is, in the plural. */
  readonly unit: string
  readonly operations: number
  readonly figures: Figures
  /** The measurement of the same server that this one is to be held against, by its name. */
  readonly against?: string
}

/** The figures that are compared between servers. */
export interface Figures {
  /** Operations finished per second of the window. */
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** Processor time of the server's process tree per operation. */
  readonly cpuMs?: number
  /** Processor time of the load generator per operation: it shares the machine with the server. */
  readonly generatorCpuMs: number
  /** Resident memory of the server at the end of the window. */
  readonly rssMb?: number
  /** The most resident memory the server ever held, up to the end of the window. */
  readonly peakRssMb?: number
}

/** The names of figures, in the order in which they are shown. */
export const FIGURES = [
  'rate',
  'p50Ms',
  'p99Ms',
  'maxMs',
  'cpuMs',
  'generatorCpuMs',
  'rssMb',
  'peakRssMb',
] as const satisfies readonly (keyof Figures)[]

/** Whether more of a figure is better; of all others, less is. */
export function moreIsBetter(figure: keyof Figures): boolean {
  return figure === 'rate'
}

/** What was seen between the start and the end of a window. */
export interface Window {
  readonly durationMs: number
  /** How many operations the processor times are shared out among. */
  readonly operations: number
  readonly latenciesMs: readonly number[]
  readonly serverCpuMs: number | undefined
  readonly generatorCpuMs: number
  readonly rssBytes: number | undefined
  readonly peakRssBytes: number | undefined
}

/** What was seen in several stretches, as if it had been one. @throws RangeError if there is none. */
export function joinWindows(windows: readonly Window[]): Window {
  const last = windows.at(-1)
  if (last === undefined) throw new RangeError('no windows to join')
  const sum = (figure: (window: Window) => number) => windows.reduce((total, window) => total + figure(window), 0)
  return {
    ...last,
    durationMs: sum(({ durationMs }) => durationMs),
    operations: sum(({ operations }) => operations),
    latenciesMs: windows.flatMap(({ latenciesMs }) => latenciesMs),
    generatorCpuMs: sum(({ generatorCpuMs }) => generatorCpuMs),
    serverCpuMs: last.serverCpuMs === undefined ? undefined : sum(({ serverCpuMs }) => serverCpuMs ?? 0),
  }
}

const MEGABYTE = 1_048_576

/**
 * Turns what was seen into figures.
 * @throws Error if no operation finished within the window.
 */
export function measurementOf(name: string, unit: string, window: Window): Measurement {
  const { operations, latenciesMs, serverCpuMs, rssBytes, peakRssBytes } = window
  if (operations === 0 || latenciesMs.length === 0) {
    throw new Error(`${name}: nothing finished within ${Math.round(window.durationMs)} ms`)
  }
  const sorted = Float64Array.from(latenciesMs).sort()
  return {
    name,
    unit,
    operations,
    figures: {
      rate: (operations * 1_000) / window.durationMs,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      maxMs: percentile(sorted, 1),
      generatorCpuMs: window.generatorCpuMs / operations,
      ...(serverCpuMs === undefined ? {} : { cpuMs: serverCpuMs / operations }),
      ...(rssBytes === undefined ? {} : { rssMb: rssBytes / MEGABYTE }),
      ...(peakRssBytes === undefined ? {} : { peakRssMb: peakRssBytes / MEGABYTE }),
    },
  }
}
