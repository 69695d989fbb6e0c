import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { parseProcMemory, parseProcStat } from './proc-stat.ts'
import { processTreeMeter } from './process-tree.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

/** A line as the kernel writes it; fields 14 to 17 are the times. */
function statLine(pid: number, name: string, parent: number, times: readonly number[]): string {
  return `${pid} (${name}) S ${parent} 7 7 0 -1 4194304 100 0 0 0 ${times.join(' ')} 20 0 11 0 5000 1000000 2000`
}

test('parseProcStat: a command name with blanks and parentheses does not shift the fields', () => {
  expect(parseProcStat(statLine(42, 'a) S 9 (b', 7, [10, 5, 2, 1]))).toEqual({ pid: 42, parentPid: 7, ticks: 18 })
})

test('parseProcStat: refuses other text', () => {
  expect(() => parseProcStat('MemTotal: 100 kB')).toThrow()
})

test('parseProcMemory: reads present and peak memory; a process without memory has none', () => {
  const status = 'Name:\tnode\nVmHWM:\t    3000 kB\nVmRSS:\t    2000 kB\nThreads:\t11\n'
  expect(parseProcMemory(status)).toEqual({ rssBytes: 2_048_000, peakRssBytes: 3_072_000 })
  expect(parseProcMemory('Name:\tnode\nState:\tZ (zombie)\n')).toEqual({ rssBytes: 0, peakRssBytes: 0 })
})

test('processTreeMeter: counts a process and all its descendants, and nobody else', async () => {
  // given a server (10) with a child (12) and a grandchild (11), and a stranger (13)
  const root = await mkdtemp(join(tmpdir(), 'proc-'))
  folders.push(root)
  const parents = [
    [10, 1],
    [11, 12],
    [12, 10],
    [13, 1],
  ] as const
  for (const [pid, parent] of parents) {
    await mkdir(join(root, String(pid)))
    await writeFile(join(root, String(pid), 'stat'), statLine(pid, 'x', parent, [30, 20, 0, 0]))
    await writeFile(join(root, String(pid), 'status'), 'VmHWM:\t2 kB\nVmRSS:\t1 kB\n')
  }
  await writeFile(join(root, 'uptime'), '1 1')
  // then its figures are the sums over three processes
  expect(processTreeMeter(10, root, 100).read()).toEqual({ cpuMs: 1_500, rssBytes: 3_072, peakRssBytes: 6_144 })
  expect(processTreeMeter(99, root, 100).read()).toBeUndefined()
})

test.runIf(process.platform === 'linux')('processTreeMeter: sees a running process', () => {
  const figures = processTreeMeter(process.pid).read()
  expect(figures?.cpuMs).toBeGreaterThan(0)
  expect(figures?.rssBytes).toBeGreaterThan(1_048_576)
})
