import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createCore } from '../../src/composition/core.ts'
import { createMetricsRegistry } from '../../src/platform/metrics/registry.ts'
import { checkFile } from '../check-database/checked.ts'
import { temporaryFolder } from '../harness/index.ts'
import { ALICE, message, testCore } from '../regressions/core.ts'
import { runRound } from '../simulation/round.ts'
import { VirtualServer } from '../simulation/virtual-server.ts'
import { joining, OtherServer, otherUser, publicRoom } from './other-server.ts'

type TestCore = Awaited<ReturnType<typeof testCore>>

/** Numbers of the room's current state events that are not covered. */
async function uncovered(
  { core, stores }: TestCore,
  roomId: Parameters<TestCore['rooms']['get']>[0],
): Promise<number[]> {
  const { roomNid, stateRoot } = await core.rooms.get(roomId)
  const nids = (await core.tree.entries(roomNid, stateRoot)).map(({ event }) => event)
  const covered = await stores.authChainStore.ofEvents(nids)
  return nids.filter((eventNid) => !covered.has(eventNid))
}

describe('the follower', () => {
  test('covers the state of rooms, a while after it has changed', async () => {
    const running = await testCore({ strictReads: true })
    const { core, foundations } = running
    core.authCover.start()
    onTestFinished(() => core.authCover.stop())
    const roomId = await publicRoom(core, ALICE, 250)
    expect(await uncovered(running, roomId)).toHaveLength(254)
    await foundations.clock.advance(1_000)
    await core.authCover.catchUp()
    expect(await uncovered(running, roomId)).toEqual([])
  })

  test('writes nothing for messages, and reads nothing once it has caught up', async () => {
    const running = await testCore({ strictReads: true })
    const { core, database, foundations } = running
    const roomId = await publicRoom(core, ALICE, 3)
    core.authCover.start()
    await core.authCover.catchUp()
    await core.eventSender.send(roomId, message('warm'))
    const before = database.counts()
    for (let n = 0; n < 20; n += 1) await core.eventSender.send(roomId, message(`m${n}`))
    const sent = database.counts()
    // when its time comes
    await foundations.clock.advance(60_000)
    // then there was nothing to do
    expect(database.counts()).toEqual(sent)
    expect(sent.rowsWritten - before.rowsWritten).toBeLessThanOrEqual(20 * 5)
    // and where it stands is stored when it stops
    await core.authCover.stop()
    expect((await running.stores.followerStore.find('auth-cover'))?.position).toBe(core.log.position)
  })

  test('covers what a state holds that no timeline event has brought', async () => {
    // given servers that have come to know a room by being told its state
    const folder = temporaryFolder()
    const servers = await Promise.all(['a.example', 'b.example'].map((name) => VirtualServer.start(name, folder)))
    await runRound(servers, 3)
    const entered = servers[1]!
    await entered.core.authCover.catchUp()
    await Promise.all(servers.map((server) => server.stop()))
    // then the check finds the whole of the covered state in the cover
    expect((await checkFile(join(folder, 'b.example.db'), { serverName: 'b.example' })).lines).toEqual([])
  })

  test('stopped in the middle of a room, it leaves a sound cover, and another goes on', async () => {
    // given a follower whose third commit is refused by the disk
    const running = await testCore()
    const { core, database, foundations, stores } = running
    const roomId = await publicRoom(core, ALICE, 600)
    const write = database.write.bind(database)
    let commits = 0
    const writing = vi.spyOn(database, 'write').mockImplementation((entry) => {
      expect(entry.statements.length).toBeLessThanOrEqual(500)
      commits += Number(entry.statements.length > 100)
      return commits === 3 ? Promise.reject(new Error('the disk is gone')) : write(entry)
    })
    await expect(core.authCover.catchUp()).rejects.toThrow('the disk is gone')
    writing.mockRestore()
    const left = await uncovered(running, roomId)
    expect(left.length).toBeGreaterThan(0)
    expect(left.length).toBeLessThan(600)
    // when two others go on at once
    const registry = createMetricsRegistry({ serverName: foundations.serverName, version: '0' })
    const keys = { signingKey: core.signingKey, treeSeed: new Uint8Array(16) }
    const others = [core, createCore({ ...foundations, registry }, stores, keys)]
    await Promise.all(others.map(({ authCover }) => authCover.catchUp()))
    for (const { authCover } of others) await authCover.catchUp()
    // then all is covered, once
    expect(await uncovered(running, roomId)).toEqual([])
    await core.eventSender.send(roomId, message('end'))
    await database.close()
    expect((await checkFile(join(running.folder, 'homeserver.db'))).lines).toEqual([])
  })

  test('forks that were sent on old states are covered too', async () => {
    const running = await testCore()
    const { core } = running
    const roomId = await publicRoom(core, ALICE, 5)
    const other = new OtherServer(core, roomId)
    const { eventId: start } = await core.eventSender.send(roomId, message('start'))
    for (let n = 0; n < 3; n += 1) await core.eventSender.send(roomId, joining(otherUser(n), 'here'))
    await other.send(joining(otherUser(3), 'there'), [start])
    await core.authCover.catchUp()
    expect(await uncovered(running, roomId)).toEqual([])
  })
})
