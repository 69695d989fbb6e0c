import { afterEach, expect, test } from 'vitest'
import { runRound } from './run-round.ts'
import { SCENARIOS, selectScenarios } from './scenarios/scenarios.ts'
import { type Faults, FakeHomeserver } from './test-support/fake-homeserver.ts'
import { turnClock } from './test-support/turn-clock.ts'

const servers: FakeHomeserver[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function run(names: readonly string[], faults: Faults = {}) {
  const server = await new FakeHomeserver(faults).listen()
  servers.push(server)
  return runRound({
    serverName: 'fake',
    server: { baseUrl: server.baseUrl, pid: process.pid },
    scenarios: selectScenarios(names),
    effort: { durationMs: 1_000, concurrency: 4, pacePerSecond: 5 },
    shape: { rooms: 3, members: 4, roomVersion: '12', crowd: 60 },
    prefix: 'test',
    clock: turnClock(),
    onMeasurement: () => undefined,
  })
}

test('runRound: every scenario measures a homeserver that does as it should', async () => {
  // when all scenarios run
  const { measurements } = await run(SCENARIOS.map((scenario) => scenario.name))
  // then each of their measurements has plausible figures
  expect(measurements.map((measurement) => measurement.name)).toEqual([
    'register, 1 at once',
    'register, 8 at once',
    'join, many rooms',
    'join, one room',
    'serial sends',
    'loaded sends',
    'fan-out to 4',
    'initial sync, all members',
    'initial sync, lazy members',
    'message pages',
    'message to 10 members, 10 clients hear it',
    'message to 60 members, 10 clients hear it',
    'message to 10 members, 10 of 40 clients hear it',
    'message to 60 members, 40 of 40 clients hear it',
  ])
  for (const { figures, operations } of measurements) {
    expect(operations).toBeGreaterThan(0)
    expect(figures.rate).toBeGreaterThan(0)
    expect(figures.p50Ms).toBeLessThanOrEqual(figures.p99Ms)
    expect(figures.p99Ms).toBeLessThanOrEqual(figures.maxMs)
    expect(figures.rssMb).toBeGreaterThan(1)
  }
})

test('runRound: scenarios run alone, setting up for themselves', async () => {
  const { measurements } = await run(['messages'])
  expect(measurements).toHaveLength(1)
})

test('loaded-sends: an acknowledged message that is lost fails the run', async () => {
  await expect(run(['loaded-sends'], { loses: 3 })).rejects.toThrow(/fake failed loaded-sends: 1 of .*\$message-3/)
})

test('loaded-sends: a message that is in its room twice fails the run', async () => {
  await expect(run(['loaded-sends'], { repeats: 3 })).rejects.toThrow('1 events are in their room more than once')
})

test('fan-out: a message delivered twice fails the run', async () => {
  await expect(run(['fan-out'], { repeats: 7 })).rejects.toThrow('delivered twice')
})

test('fan-out: a message that never arrives fails the run', async () => {
  await expect(run(['fan-out'], { loses: 7 })).rejects.toThrow('acknowledged event $message-7 never arrived')
})

test('runRound: a rate limit is named as what it is', async () => {
  await expect(run(['serial-sends'], { limits: true })).rejects.toThrow('429 M_LIMIT_EXCEEDED (its rate limits must be')
})
