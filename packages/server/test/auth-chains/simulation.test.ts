import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../harness/index.ts'
import { runRound } from '../simulation/round.ts'
import { diverged } from '../simulation/simulation.ts'
import { VirtualServer } from '../simulation/virtual-server.ts'

const ROUNDS = 6

test('servers that look along covered auth chains resolve as those do that walk them down', async () => {
  // given servers of which some have auth chains covered all the time, one now and then and others never
  const folder = temporaryFolder()
  const names = ['a.example', 'b.example', 'c.example', 'd.example', 'e.example']
  const servers = await Promise.all(names.map((name) => VirtualServer.start(name, folder)))
  onTestFinished(async () => void (await Promise.all(servers.map((server) => server.stop()))))
  let isOver = false
  const cover = async (server: VirtualServer, every: number) => {
    for (let turn = 0; !isOver; turn += 1) {
      if (turn % every === 0) await server.core.authCover.catchUp()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const covering = Promise.all([cover(servers[0]!, 1), cover(servers[1]!, 2), cover(servers[2]!, 50)])
  // when they quarrel over a bad network
  const results = []
  for (let seed = 1; seed <= ROUNDS; seed += 1) results.push(await runRound(servers, seed))
  isOver = true
  await covering
  // then all agree in the end
  expect(diverged(results)).toEqual([])
}, 120_000)
