import { statfsSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'

/** What the figures depend on besides the servers. */
export interface Environment {
  readonly node: string
  readonly kernel: string
  readonly processors: number
  readonly processorModel: string
  readonly memoryMb: number
  /** Whether the databases lie in memory: then a commit costs nothing, and figures of sends mean little. */
  readonly databaseInMemory: boolean
}

const TMPFS_MAGIC = 0x0102_1994

export function describeEnvironment(): Environment {
  const processors = cpus()
  return {
    node: process.version,
    kernel: release(),
    processors: processors.length,
    processorModel: processors[0]?.model ?? 'unknown',
    memoryMb: Math.round(totalmem() / 1_048_576),
    databaseInMemory: statfsSync(tmpdir()).type === TMPFS_MAGIC,
  }
}
