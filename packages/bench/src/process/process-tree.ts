import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { type ProcMemory, type ProcStat, parseProcMemory, parseProcStat } from './proc-stat.ts'

/** Processor time and memory of a process with all its threads and descendants. */
export interface ProcessFigures extends ProcMemory {
  /** Milliseconds of processor time since the start; only differences of it mean something. */
  readonly cpuMs: number
}

/** Where process figures come from; undefined where the server's process is not known. */
export interface ProcessMeter {
  read(): ProcessFigures | undefined
}

/** Measures nothing: for a server whose process cannot be seen. */
export const noProcessMeter: ProcessMeter = { read: () => undefined }

/**
 * Measures the process `pid` and its descendants through `/proc`. Time of descendants that ended is counted once their
 * parent has waited for them.
 */
export function processTreeMeter(pid: number, root = '/proc', ticksPerSecond = clockTicksPerSecond()): ProcessMeter {
  return {
    read: () => {
      const members = descendants(readAllStats(root), pid)
      if (members.length === 0) return undefined
      const memory = members.map((member) => readMemory(root, member.pid))
      return {
        cpuMs: (sum(members.map((member) => member.ticks)) * 1_000) / ticksPerSecond,
        rssBytes: sum(memory.map((each) => each.rssBytes)),
        peakRssBytes: sum(memory.map((each) => each.peakRssBytes)),
      }
    },
  }
}

function descendants(all: readonly ProcStat[], rootPid: number): readonly ProcStat[] {
  const members = all.filter((stat) => stat.pid === rootPid)
  for (const member of members) members.push(...all.filter((stat) => stat.parentPid === member.pid))
  return members
}

function readAllStats(root: string): readonly ProcStat[] {
  return readdirSync(root)
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const line = readIfThere(`${root}/${name}/stat`)
      return line === undefined ? [] : [parseProcStat(line)]
    })
}

function readMemory(root: string, pid: number): ProcMemory {
  return parseProcMemory(readIfThere(`${root}/${pid}/status`) ?? '')
}

/** Processes end while they are being listed; that is no error. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function clockTicksPerSecond(): number {
  return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
