import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../harness/index.ts'
import { runRound } from '../simulation/round.ts'
import { VirtualServer } from '../simulation/virtual-server.ts'
import { checkFile } from './checked.ts'

test('nothing is found in the databases of servers that have quarrelled over a bad network', async () => {
  // given rooms full of forks, refused events, told states and gaps
  const folder = temporaryFolder()
  const names = ['a.example', 'b.example', 'c.example']
  const servers = await Promise.all(names.map((name) => VirtualServer.start(name, folder)))
  for (let seed = 1; seed <= 6; seed += 1) await runRound(servers, seed)
  // and auth chains of which some are covered
  await servers[0]!.core.authCover.catchUp()
  await runRound(servers, 7)
  await servers[1]!.core.authCover.catchUp()
  await Promise.all(servers.map((server) => server.stop()))
  // then each database is what its events make of it
  for (const serverName of names) {
    const { lines } = await checkFile(join(folder, `${serverName}.db`), { serverName })
    expect(lines).toEqual([])
  }
}, 120_000)
