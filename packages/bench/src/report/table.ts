import { FIGURES, type Figures, type Measurement } from '../measuring/measurement.ts'
import type { SummaryRow } from './summary.ts'

const HEADINGS: Readonly<Record<keyof Figures, string>> = {
  rate: 'per s',
  p50Ms: 'p50 ms',
  p99Ms: 'p99 ms',
  maxMs: 'max ms',
  cpuMs: 'CPU ms/op',
  generatorCpuMs: 'client ms/op',
  rssMb: 'RSS MB',
  peakRssMb: 'peak MB',
}

/**
 * The medians as a text table: a line per measurement and server, one with the ratios where there are two servers, and
 * one per server where a measurement is held against another.
 */
export function formatSummary(rows: readonly SummaryRow[]): string {
  const lines = rows.flatMap((row) => {
    const servers = Object.entries(row.servers)
    const ofServers = servers.map(([server, figures], index) => [
      index === 0 ? `${row.name} (${row.unit})` : '',
      server,
      ...FIGURES.map((figure) => formatFigure(figures[figure])),
    ])
    const comparisons = Object.entries(row.against?.servers ?? {}).map(([server, ratios], index) => [
      index === 0 ? `  by ${row.against?.name}` : '',
      server,
      ...formatRatios(ratios),
    ])
    return [
      ...ofServers,
      ...(row.ratios === undefined ? [] : [['', 'ratio', ...formatRatios(row.ratios)]]),
      ...comparisons,
    ]
  })
  return formatTable([['', '', ...FIGURES.map((figure) => HEADINGS[figure])], ...lines])
}

/** One measurement in one line, shown while the others are still to come. */
export function formatMeasurement({ name, unit, operations, figures }: Measurement): string {
  const cpu = figures.cpuMs === undefined ? '' : `, ${formatFigure(figures.cpuMs)} ms CPU each`
  const times = `p50 ${formatFigure(figures.p50Ms)} ms, p99 ${formatFigure(figures.p99Ms)} ms`
  return `${name}: ${formatFigure(figures.rate)} ${unit}/s, ${times}${cpu} (${operations} counted)`
}

/** Three significant digits, no exponent. */
export function formatFigure(value: number | undefined): string {
  if (value === undefined) return '-'
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: 4 })
}

function formatRatios(ratios: Partial<Figures>): readonly string[] {
  return FIGURES.map((figure) => formatRatio(ratios[figure]))
}

function formatRatio(value: number | undefined): string {
  return value === undefined ? '-' : `x ${formatFigure(value)}`
}

/** The first two columns are text and left-aligned, all others figures and right-aligned. */
function formatTable(lines: readonly (readonly string[])[]): string {
  const columns = lines[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
