import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isOnPostgres, path, registerAdmin, temporaryFolder, testServer, until } from '../harness/index.ts'
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

test.skipIf(isOnPostgres)(
  'nothing is found after history has been purged, its state collected and a room deleted',
  async () => {
    // given a room with redactions, of which some are purged
    const running = await testServer({ users: ['alice', 'bob'] })
    const { alice, bob, transport, clock } = running
    const admin = await registerAdmin(transport)
    const room = await alice.createRoomWith([bob])
    const gone = await alice.createRoomWith([bob])
    for (const text of ['one', 'two']) {
      const pinned = await alice.setState(room, 'm.room.pinned_events', { pinned: [text] })
      await alice.redact(room, pinned)
      const { event_id: said } = await bob.send(room, text)
      await bob.redact(room, said)
      await alice.setState(room, 'm.room.topic', { topic: text })
    }
    const { event_id: first } = await bob.send(room, 'stays')
    await bob.send(room, 'stays, too')
    const jobsDone = (resource: string) =>
      until('all jobs are done', async () => {
        await clock.advance(60_000)
        const { scheduled_tasks: tasks } = await admin.get<{ scheduled_tasks: { status: string }[] }>(
          '/_synapse/admin/v1/scheduled_tasks',
          { resource_id: resource },
        )
        return tasks.length > 0 && tasks.every(({ status }) => status === 'complete')
      })
    await admin.post(path`/_synapse/admin/v1/purge_history/${room}/${first}`, {})
    await jobsDone(room)
    await admin.delete(path`/_synapse/admin/v2/rooms/${gone}`, { purge: true })
    await jobsDone(gone)
    await running.stop()
    // then the database is sound
    expect((await checkFile(join(running.folder, 'homeserver.db'))).lines).toEqual([])
  },
)
