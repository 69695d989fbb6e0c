import { expect, test } from 'vitest'
import type { Measurement } from '../measuring/measurement.ts'
import { summarise } from './summary.ts'
import { formatFigure, formatSummary } from './table.ts'

function measured(rate: number, cpuMs?: number): Measurement {
  const figures = {
    rate,
    p50Ms: 10,
    p99Ms: 20,
    maxMs: 30,
    generatorCpuMs: 0,
    ...(cpuMs === undefined ? {} : { cpuMs }),
  }
  return { name: 'loaded sends', unit: 'messages', operations: 5, figures }
}

const rounds = [
  { server: 'a', measurements: [measured(100, 1)] },
  { server: 'b', measurements: [measured(10)] },
  { server: 'b', measurements: [measured(30)] },
  { server: 'a', measurements: [measured(900, 3)] },
  { server: 'a', measurements: [measured(300, 2)] },
  { server: 'b', measurements: [measured(20)] },
]

test('summarise: takes medians over the rounds and divides the first server by the second', () => {
  const [row] = summarise(rounds, ['a', 'b'])
  expect(row?.servers).toMatchObject({ a: { rate: 300, cpuMs: 2 }, b: { rate: 20, p50Ms: 10 } })
  expect(row?.ratios).toEqual({ rate: 15, p50Ms: 1, p99Ms: 1, maxMs: 1 })
})

test('summarise: one server alone has no ratios', () => {
  expect(summarise(rounds, ['a'])[0]).not.toHaveProperty('ratios')
})

test('formatSummary: shows figures under their headings, a dash where there is none', () => {
  const [heading, a, b, ratio] = formatSummary(summarise(rounds, ['a', 'b'])).split('\n')
  expect(heading?.trim().split(/ {2,}/).slice(0, 2)).toEqual(['per s', 'p50 ms'])
  expect(a).toMatch(/^loaded sends \(messages\) +a +300 +10 +20 +30 +2 +0 +- +-$/)
  expect(b).toMatch(/^ +b +20 +10 +20 +30 +- +0 +- +-$/)
  expect(ratio).toMatch(/^ +ratio +x 15 /)
})

test('a measurement held against another of the same server shows by what it differs, for each server', () => {
  const held = ({ server, measurements }: (typeof rounds)[number]) => {
    const [other] = measurements
    const many = { ...measured(other!.figures.rate / 2, 4), name: 'many', against: 'loaded sends' }
    return { server, measurements: [other!, many] }
  }
  const rows = summarise(rounds.map(held), ['a', 'b'])
  expect(rows[0]).not.toHaveProperty('against')
  expect(rows[1]?.against).toMatchObject({
    name: 'loaded sends',
    servers: { a: { rate: 0.5, cpuMs: 2 }, b: { rate: 0.5 } },
  })
  const lines = formatSummary(rows).split('\n')
  expect(lines.at(-2)).toMatch(/^ +by loaded sends +a +x 0.5 .* x 2 /)
  expect(lines.at(-1)).toMatch(/^ +b +x 0.5 /)
})

test.each([
  [0.012345, '0.0123'],
  [1.2345, '1.23'],
  [12_345.6, '12,300'],
  [undefined, '-'],
])('formatFigure: %s is shown as %s', (value, text) => {
  expect(formatFigure(value)).toBe(text)
})
