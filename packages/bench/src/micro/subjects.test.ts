import { describe, expect, test } from 'vitest'
import { turnClock } from '../test-support/turn-clock.ts'
import type { Contest } from './contest.ts'
import { parseMicroOptions } from './options.ts'
import { checkContest, runContest } from './run-contest.ts'
import { SUBJECTS } from './subjects.ts'

const SMALL = { members: 250, entries: 700, forks: 12 }

describe.each(SUBJECTS)('$name', (subject) => {
  test('our version and the naive one give the same answers to every input', async () => {
    const contests = await subject.contests(SMALL)
    expect(contests.length).toBeGreaterThan(0)
    for (const { name, inputs, ours, naive } of contests) {
      expect(inputs).toBeGreaterThan(0)
      for (let input = 0; input < inputs; input++) {
        expect(await ours.answer(input), `${name}, input ${input}`).toEqual(await naive.answer(input))
      }
    }
  })

  test('what is measured is repeatable: a second run gives the same answer', async () => {
    for (const { ours } of await subject.contests(SMALL)) {
      const before = await ours.answer(0)
      await ours.run(0)
      expect(await ours.answer(0)).toEqual(before)
    }
  })
})

const agreeing = { run: () => 1, answer: (input: number) => ({ input }) }
const contest: Contest = { name: 'sums', unit: 'sums', inputs: 3, ours: agreeing, naive: agreeing }

test('checkContest: a version that is wrong about one input stops the run', async () => {
  await expect(checkContest(contest)).resolves.toBeUndefined()
  const wrong = { ...agreeing, answer: (input: number) => ({ input: input === 2 ? 0 : input }) }
  await expect(checkContest({ ...contest, naive: wrong })).rejects.toThrow('sums: the two versions differ on input 2')
})

test('runContest: both versions meet the inputs in turn, and operations are counted without the warm-up', async () => {
  // given operations that take a turn of the clock each
  const clock = turnClock()
  const met: number[] = []
  const version = {
    answer: () => undefined,
    run: async (input: number) => {
      met.push(input)
      await clock.sleep(1)
    },
  }
  const { ours, naive } = await runContest(
    { ...contest, ours: version, naive: { ...agreeing, run: () => clock.sleep(4) } },
    { clock, cpuMs: () => 2 * clock.now(), durationMs: 400 },
  )
  // then inputs go round, and figures are per operation
  expect(met.slice(0, 5)).toEqual([0, 1, 2, 0, 1])
  expect(ours.operations).toBeLessThan(met.length)
  expect(naive.figures.p50Ms / ours.figures.p50Ms).toBeCloseTo(4, 0)
  expect(ours.figures.cpuMs).toBeCloseTo(2 * ours.figures.p50Ms, 5)
})

test('parseMicroOptions: picks subjects by name, and refuses what is none', () => {
  expect(parseMicroOptions(['--subject', 'state-tree, auth-check']).subjects.map(({ name }) => name)).toEqual([
    'state-tree',
    'auth-check',
  ])
  expect(parseMicroOptions([])).toMatchObject({ subjects: SUBJECTS, rounds: 3, scale: { entries: 50_000, forks: 100 } })
  expect(() => parseMicroOptions(['--subject', 'nothing'])).toThrow('no subject nothing')
  expect(() => parseMicroOptions(['--forks', '1'])).toThrow('--forks')
  expect(() => parseMicroOptions(['--entries', '700.5'])).toThrow('--entries')
})
