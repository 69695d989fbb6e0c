import { isUserId, serverNameOf } from '@magik/protocol'
import type { RawRoom } from '../../storage/check-store.ts'
import { toMembership } from '../events/room-view.ts'
import { type Checking, messageOf } from './checking.ts'
import { aboutRoom } from './findings.ts'

/** Members looked up at once. */
const MEMBERS_AT_ONCE = 100

/** Who is in a room, as its current state has it. */
interface Tally {
  joined: number
  invited: number
  readonly joinedByServer: Map<string, number>
}

/** A membership as the state has it. */
interface Member {
  readonly userId: string
  readonly membership: string
  readonly eventNid: number
  readonly position: number | undefined
}

/** Compares the memberships, servers and counts of a room with the members of its current state. */
export async function checkMemberships(deps: Checking, room: RawRoom): Promise<void> {
  const { findings } = deps
  const about = aboutRoom(room)
  const tally: Tally = { joined: 0, invited: 0, joinedByServer: new Map() }
  try {
    await checkStoredMemberships(deps, room)
    await checkMembersOfState(deps, room, tally)
  } catch (error) {
    await findings.add({ about, what: `its members cannot be read: ${messageOf(error)}` })
    return
  }
  await checkServers(deps, room, tally.joinedByServer)
  const { joined_members: joined, invited_members: invited } = room
  if (joined !== tally.joined || invited !== tally.invited) {
    const what = `it has ${tally.joined} joined and ${tally.invited} invited members, its head says ${joined} and ${invited}`
    const repair = [deps.checkStore.setCounts(room.room_nid, tally.joined, tally.invited)]
    await findings.add({ about, what, repair })
  }
}

/** Each stored membership is one of the state; who has left may not be in it any more. */
async function checkStoredMemberships(deps: Checking, room: RawRoom): Promise<void> {
  const { findings, checkStore, tree } = deps
  const { room_nid: roomNid } = room
  for (let after = 0; ; ) {
    const page = await checkStore.memberships(roomNid, after)
    const last = page.at(-1)
    if (last === undefined) return
    after = last.user_nid
    for (const row of page) {
      const about = `${row.user_id ?? `user number ${row.user_nid}`} in ${aboutRoom(room)}`
      const repair = [checkStore.deleteMembership(roomNid, row.user_nid)]
      if (row.user_id === null) {
        await findings.add({ about, what: 'a membership of somebody who is not known', repair })
        continue
      }
      const eventNid = await tree.get(roomNid, room.state_root ?? 0, 'm.room.member', row.user_id)
      if (eventNid === undefined && row.membership !== 'leave') {
        await findings.add({ about, what: `listed as ${row.membership}, and not in the room's state`, repair })
      }
    }
  }
}

async function checkMembersOfState(deps: Checking, room: RawRoom, tally: Tally): Promise<void> {
  const filter = { types: ['m.room.member'] }
  for await (const batch of deps.tree.entryBatches(room.room_nid, room.state_root ?? 0, filter)) {
    for (let start = 0; start < batch.length; start += MEMBERS_AT_ONCE) {
      const some = batch.slice(start, start + MEMBERS_AT_ONCE)
      const found = await deps.events.getMany(some.map(({ event }) => event))
      const members: Member[] = []
      for (const { stateKey, event: eventNid } of some) {
        const event = found.get(eventNid)
        if (event === undefined) {
          await deps.findings.add({
            about: aboutRoom(room),
            what: `its state holds event number ${eventNid}, which is not known`,
          })
        } else if (isUserId(stateKey)) {
          const membership = toMembership(deps.events.pdu(event).content['membership']) ?? 'leave'
          members.push({ userId: stateKey, membership, eventNid, position: event.position })
          count(tally, stateKey, membership)
        }
      }
      await compareMembers(deps, room, members)
    }
  }
}

function count(tally: Tally, userId: string, membership: string): void {
  if (membership === 'invite') tally.invited += 1
  if (membership !== 'join' || !isUserId(userId)) return
  tally.joined += 1
  const serverName = serverNameOf(userId)
  tally.joinedByServer.set(serverName, (tally.joinedByServer.get(serverName) ?? 0) + 1)
}

async function compareMembers(deps: Checking, room: RawRoom, members: readonly Member[]): Promise<void> {
  const { findings, checkStore, serverName } = deps
  const { room_nid: roomNid } = room
  const nids = await checkStore.userNumbers(members.map(({ userId }) => userId))
  const stored = await checkStore.membershipsOf(roomNid, [...nids.values()])
  for (const { userId, membership, eventNid, position } of members) {
    const about = `${userId} in ${aboutRoom(room)}`
    const userNid = nids.get(userId)
    const isLocal = isUserId(userId) && serverNameOf(userId) === serverName
    if (userNid === undefined) {
      await findings.add({ about, what: 'a member without a user number' })
      continue
    }
    const row = stored.get(userNid)
    const isRight = row?.membership === membership && row.event_nid === eventNid && (row.is_local === 1) === isLocal
    if (isRight) continue
    const listed = row === undefined ? 'not listed' : `listed as ${row.membership} by event number ${row.event_nid}`
    const newRow = { roomNid, userNid, membership, eventNid, position: position ?? room.position ?? 0, isLocal }
    const repair = [checkStore.setMembership(newRow)]
    await findings.add({ about, what: `${membership} by event number ${eventNid}, and ${listed}`, repair })
  }
}

async function checkServers(
  { findings, checkStore }: Checking,
  room: RawRoom,
  joinedByServer: ReadonlyMap<string, number>,
): Promise<void> {
  const about = aboutRoom(room)
  const { room_nid: roomNid } = room
  const stored = new Map((await checkStore.joinedServers(roomNid)).map((row) => [row.server_name, row]))
  for (const serverName of new Set([...stored.keys(), ...joinedByServer.keys()])) {
    const row = stored.get(serverName)
    const joined = joinedByServer.get(serverName) ?? 0
    if (row?.joined_members === joined && (row.left_position === null) === joined > 0) continue
    const left = joined > 0 ? null : (row?.left_position ?? room.position ?? 0)
    const repair = [checkStore.setServer(roomNid, serverName, joined, left)]
    const listed = row === undefined ? 'is not listed' : `is listed with ${row.joined_members}`
    await findings.add({ about, what: `${serverName} has ${joined} joined members and ${listed}`, repair })
  }
}
