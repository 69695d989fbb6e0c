import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RoundResult, runRound } from './round.ts'
import { VirtualServer } from './virtual-server.ts'

const SERVER_NAMES = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example']

/** Rounds under way at once: their rooms have nothing to do with each other, and share the servers' commits. */
const AT_ONCE = 24

/** Runs rounds on five servers. A round follows from its seed alone, whatever else goes on. */
export async function simulate(seeds: Iterable<number>): Promise<RoundResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'magik-simulation-'))
  const servers = await Promise.all(SERVER_NAMES.map((name) => VirtualServer.start(name, folder)))
  try {
    const results: RoundResult[] = []
    // The first alone: users become known to each server one after the other.
    const [first, ...rest] = seeds
    if (first !== undefined) results.push(await runRound(servers, first))
    const queue = [...rest]
    const worker = async () => {
      for (let seed = queue.shift(); seed !== undefined; seed = queue.shift())
        results.push(await runRound(servers, seed))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return results.sort((a, b) => a.seed - b.seed)
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Seeds whose rounds left the servers in disagreement. */
export function diverged(results: readonly RoundResult[]): number[] {
  return results.filter(({ states }) => new Set(states).size > 1).map(({ seed }) => seed)
}
