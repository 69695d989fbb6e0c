/** What the benchmarks need of a line of `/proc/<pid>/stat`. */
export interface ProcStat {
  readonly pid: number
  readonly parentPid: number
  /**
   * Clock ticks spent in user and kernel mode: by all threads of the process, those that ended included, and by the
   * children it has waited for.
   */
  readonly ticks: number
}

/**
 * Reads a line of `/proc/<pid>/stat`.
 * @throws Error if it is none.
 */
export function parseProcStat(line: string): ProcStat {
  // The command's name may hold blanks and parentheses, so the fields are counted from its last parenthesis.
  const nameEnd = line.lastIndexOf(')')
  const fields = line.slice(nameEnd + 2).split(' ')
  // proc_pid_stat(5) counts from 1, and field 3 (state) is the first after the name.
  const field = (number: number) => Number(fields[number - 3])
  const stat = {
    pid: Number.parseInt(line, 10),
    parentPid: field(4),
    ticks: field(14) + field(15) + field(16) + field(17),
  }
  if (nameEnd === -1 || !Object.values(stat).every(Number.isSafeInteger))
    throw new Error('not a line of /proc/<pid>/stat')
  return stat
}

/** Resident memory of one process, in bytes. */
export interface ProcMemory {
  readonly rssBytes: number
  /** The most it ever held since it started. */
  readonly peakRssBytes: number
}

/** Reads `/proc/<pid>/status`. A process without memory of its own (one that has ended) has none. */
export function parseProcMemory(status: string): ProcMemory {
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0)
  return { rssBytes: kilobytes('VmRSS') * 1_024, peakRssBytes: kilobytes('VmHWM') * 1_024 }
}
