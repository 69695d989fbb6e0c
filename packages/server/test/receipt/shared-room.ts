import { getRoomVersion, type JsonObject, type RoomEvent, type RoomId, type UserId } from '@magik/protocol'
import type { Core } from '../../src/composition/core.ts'
import { ALICE, message, testCore } from '../regressions/core.ts'
import { RemoteServer, roomEvent } from './remote-server.ts'

/** How a shared room is set up. */
export interface SharedRoomOptions {
  readonly version?: string
  /** Of the room's first power levels, Alice's own power aside. */
  readonly powerLevels?: JsonObject
  readonly joinRule?: string
  readonly database?: Parameters<typeof testCore>[0]
}

/** A public room of Alice's, and another server whose user Rory is in it. */
export async function sharedRoom(options: SharedRoomOptions = {}) {
  const core = await testCore(options.database)
  const roomId = await publicRoom(core.core, options)
  const remote = new RemoteServer(core.core)
  const join = await remote.joins(roomId)
  return { ...core, roomId, remote, rory: remote.user(), join, ...observing(core.core, roomId) }
}

/** Alice makes a room that anybody may join. */
export async function publicRoom(
  core: Core,
  { version = '12', powerLevels = {}, joinRule = 'public' }: SharedRoomOptions,
) {
  const roomVersion = getRoomVersion(version)!
  const users = {
    ...(roomVersion.creatorPower !== 'infinite' && { [ALICE]: 100 }),
    ...(powerLevels['users'] as JsonObject),
  }
  const state = (type: string, content: JsonObject, stateKey = '') => ({ type, stateKey, content, sender: ALICE })
  const { roomId } = await core.eventSender.createRoom({
    creator: ALICE,
    version: roomVersion,
    drafts: [
      state('m.room.create', {
        room_version: version,
        ...(roomVersion.creatorNamedBy === 'content' && { creator: ALICE }),
      }),
      state('m.room.member', { membership: 'join' }, ALICE),
      state('m.room.join_rules', { join_rule: joinRule }),
      state('m.room.power_levels', { events: { 'm.room.topic': 0 }, ...powerLevels, users }),
    ],
  })
  return roomId
}

/** Ways to act in a room as Alice, and to look at what it has become. */
export function observing(core: Core, roomId: RoomId) {
  const { eventSender, heads, tree, events } = core
  const send = async (draft: Parameters<typeof eventSender.send>[1]): Promise<RoomEvent> => {
    const { eventNid } = await eventSender.send(roomId, draft)
    return roomEvent(core, await events.get(eventNid))
  }
  const stateOf = async (root: number, type: string, stateKey = '') => {
    const eventNid = await tree.get((await heads.find(roomId))!.roomNid, root, type, stateKey)
    return eventNid === undefined ? undefined : events.pdu(await events.get(eventNid)).content
  }
  return {
    alice: {
      says: (body: string) => send(message(body)),
      sets: (type: string, content: JsonObject, stateKey = '') => send({ type, stateKey, content, sender: ALICE }),
      makes: (userId: UserId, membership: string) =>
        send({ type: 'm.room.member', stateKey: userId, content: { membership }, sender: ALICE }),
    },
    /** Content of an entry of the current state. */
    current: async (type: string, stateKey = '') =>
      stateOf((await heads.find(roomId))!.committed.stateRoot, type, stateKey),
    stateOf,
    extremities: async () =>
      (await heads.find(roomId))!.committed.forwardExtremities.map(({ eventId }) => eventId).sort(),
    head: async () => (await heads.find(roomId))!,
  }
}
