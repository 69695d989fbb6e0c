import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../clock/manual-clock.ts'
import type { BoundWrite, WriteResult } from '../database/database.ts'
import { silentLogger } from '../log/logger.ts'
import type { Job, JobKind, JobRows, NewJob } from './job.ts'
import { JobRunner } from './job-runner.ts'

class Overload extends Error {}

/** Keeps jobs in memory; what is written is a closure. */
class MemoryRows implements JobRows {
  readonly jobs = new Map<string, Job>()
  readonly #writes = new Map<BoundWrite, () => boolean>()

  next(kind: string): Promise<Job | undefined> {
    const open = [...this.jobs.values()].filter((job) => job.kind === kind && job.finishedTs === undefined)
    return Promise.resolve(open.sort((a, b) => a.dueTs - b.dueTs)[0])
  }

  find(jobId: string): Promise<Job | undefined> {
    return Promise.resolve(this.jobs.get(jobId))
  }

  insert(job: NewJob, now: number): BoundWrite {
    return this.#write(() => {
      if (this.jobs.has(job.jobId)) return true
      const blank = { cursor: null, result: null, error: undefined, finishedTs: undefined, steps: 0 }
      const { jobId, kind, resource, parameters = null, dueTs = now } = job
      this.jobs.set(jobId, { ...blank, jobId, kind, resource, parameters, dueTs, status: 'scheduled', updatedTs: now })
      return true
    })
  }

  advance(job: Job): BoundWrite {
    return this.#write(() => {
      if (this.jobs.get(job.jobId)?.steps !== job.steps - 1) return false
      this.jobs.set(job.jobId, job)
      return true
    })
  }

  deleteEnded(before: number): BoundWrite {
    return this.#write(() => {
      for (const { jobId, finishedTs } of this.jobs.values()) {
        if (finishedTs !== undefined && finishedTs < before) this.jobs.delete(jobId)
      }
      return true
    })
  }

  write({ statements }: { readonly statements: readonly BoundWrite[] }): Promise<WriteResult> {
    const isDone = statements.every((statement) => this.#writes.get(statement)?.() ?? true)
    return Promise.resolve(
      isDone ? { committed: true, position: 0, rows: [], rowsChanged: 1 } : { committed: false, guard: 'job' },
    )
  }

  #write(run: () => boolean): BoundWrite {
    const query = {
      id: 0,
      name: '',
      sql: '',
      slots: [],
      kind: 'write',
      returnsRows: false,
      isScan: false,
      encodeList: () => null,
    } as const
    const write: BoundWrite = { query, values: [], guard: undefined }
    this.#writes.set(write, run)
    return write
  }
}

function runnerOf(kinds: readonly JobKind[], rows = new MemoryRows(), clock = new ManualClock()) {
  const runner = new JobRunner({
    clock,
    logger: silentLogger(),
    rows,
    write: (entry) => rows.write(entry),
    kinds,
    isOverload: (error) => error instanceof Overload,
    isClosed: () => false,
  })
  onTestFinished(() => runner.stop())
  return { runner, rows, clock }
}

/** Counts up to a number, a step each. */
function counting(name: string, upTo: number, log: string[] = []): JobKind {
  return {
    name,
    async step(job, commit) {
      const count = Number(job.cursor ?? 0) + 1
      log.push(`${job.jobId} ${count}`)
      await commit({ cursor: count, result: count, isDone: count === upTo })
    },
  }
}

test('a job is taken through its steps, and can be asked about afterwards', async () => {
  const { runner } = runnerOf([counting('count', 3)])
  await runner.start()
  await runner.schedule({ jobId: 'a', kind: 'count' })
  expect(await runner.ended('a')).toMatchObject({ status: 'complete', result: 3, steps: 3 })
  expect(await runner.ended('b')).toBeUndefined()
})

test('jobs of one kind, and jobs on one resource, are done one after the other', async () => {
  const log: string[] = []
  const { runner } = runnerOf([counting('x', 2, log), counting('y', 2, log)])
  await runner.schedule({ jobId: 'x1', kind: 'x', resource: 'room' })
  await runner.schedule({ jobId: 'y1', kind: 'y', resource: 'room' })
  await runner.schedule({ jobId: 'x2', kind: 'x', resource: 'other' })
  await Promise.all(['x1', 'x2', 'y1'].map((jobId) => runner.ended(jobId)))
  expect(log.indexOf('x2 1')).toBeGreaterThan(log.indexOf('x1 2'))
  expect(log.indexOf('y1 1')).toBeGreaterThan(log.indexOf('x1 2'))
})

test('what one process has begun another goes on with', async () => {
  const log: string[] = []
  const rows = new MemoryRows()
  const hung: JobKind = {
    ...counting('count', 4, log),
    async step(job, commit) {
      if (job.cursor === 2) return new Promise(() => undefined)
      return counting('count', 4, log).step(job, commit)
    },
  }
  const first = new JobRunner({
    clock: new ManualClock(),
    logger: silentLogger(),
    rows,
    write: (entry) => rows.write(entry),
    kinds: [hung],
    isOverload: () => false,
    isClosed: () => false,
  })
  await first.schedule({ jobId: 'a', kind: 'count' })
  while ((await rows.find('a'))?.steps !== 2) await new Promise((resolve) => setImmediate(resolve))
  // when the first one is no more
  const { runner } = runnerOf([counting('count', 4, log)], rows)
  await runner.start()
  await runner.ended('a')
  expect(log).toEqual(['a 1', 'a 2', 'a 3', 'a 4'])
})

test('a step that fails ends the job; a full database only holds it up', async () => {
  let isFull = true
  const failing: JobKind = {
    name: 'failing',
    async step(job, commit) {
      if (job.cursor === null) await commit({ cursor: 1 })
      else throw new Error('no such thing')
    },
  }
  const held: JobKind = {
    name: 'held',
    async step(_job, commit) {
      if (isFull) throw new Overload()
      await commit({ isDone: true })
    },
  }
  const { runner, clock } = runnerOf([failing, held])
  await runner.schedule({ jobId: 'f', kind: 'failing' })
  await runner.schedule({ jobId: 'h', kind: 'held' })
  expect(await runner.ended('f')).toMatchObject({ status: 'failed', error: 'no such thing', steps: 2 })
  const ended = runner.ended('h')
  isFull = false
  await clock.advance(1_000)
  expect(await ended).toMatchObject({ status: 'complete' })
})

test('a recurring job runs again and again, also after it has failed', async () => {
  let runs = 0
  const kind: JobKind = {
    name: 'often',
    everyMs: 1_000,
    async step(_job, commit) {
      runs += 1
      if (runs === 2) throw new Error('not today')
      await commit({ isDone: true })
    },
  }
  const { runner, rows, clock } = runnerOf([kind])
  await runner.start()
  await clock.advance(999)
  expect(runs).toBe(0)
  await clock.advance(1)
  expect(runs).toBe(1)
  await clock.advance(1_000)
  expect(await rows.find('often')).toMatchObject({ status: 'scheduled', error: 'not today' })
  await clock.advance(1_000)
  expect(runs).toBe(3)
  expect((await rows.find('often'))?.error).toBeUndefined()
})

test('a job waits for its time, and steps that commit nothing do not go on for ever', async () => {
  const idle: JobKind = { name: 'idle', step: () => Promise.resolve() }
  const { runner, rows, clock } = runnerOf([counting('count', 1), idle])
  await runner.schedule({ jobId: 'later', kind: 'count', dueTs: clock.now() + 5_000 })
  await clock.advance(4_999)
  expect(await rows.find('later')).toMatchObject({ steps: 0 })
  await clock.advance(1)
  expect(await runner.ended('later')).toMatchObject({ status: 'complete' })
  await runner.schedule({ jobId: 'idle', kind: 'idle' })
  expect(await runner.ended('idle')).toMatchObject({ status: 'failed', error: 'a step has committed nothing' })
})

test('jobs that ended a week ago are forgotten', async () => {
  const { runner, rows, clock } = runnerOf([counting('count', 1)])
  await runner.schedule({ jobId: 'old', kind: 'count' })
  await runner.ended('old')
  clock.setWallTime(clock.now() + 8 * 24 * 60 * 60_000)
  await runner.schedule({ jobId: 'new', kind: 'count' })
  await runner.ended('new')
  expect([...rows.jobs.keys()]).toEqual(['new'])
})
