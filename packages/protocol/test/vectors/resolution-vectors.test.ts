import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  conflictOfStates,
  type EventId,
  eventIdOf,
  type JsonObject,
  type Pdu,
  parseRoomId,
  parseUserId,
  type ResolutionEvent,
  type RoomId,
  type RoomVersion,
  resolveState,
  roomIdOfEvent,
  type StateKey,
} from '../../src/index.ts'
import { roomVersion } from '../room-builder.ts'

interface RecordedGraph {
  readonly name: string
  readonly roomVersion: string
  readonly lastEventId: string
  readonly states: readonly (readonly number[])[]
  readonly resolved: Readonly<Record<string, readonly number[]>>
  readonly events: readonly {
    readonly type: string
    readonly key: string
    readonly sender: string
    readonly content: JsonObject
    readonly prev: readonly number[]
    readonly auth: readonly number[]
    readonly depth: number
    readonly ts: number
    readonly rejected?: boolean
  }[]
}

const file = join(import.meta.dirname, 'state-resolution.json')
const { graphs }: { graphs: readonly RecordedGraph[] } = JSON.parse(readFileSync(file, 'utf8'))

describe.each(graphs)('$name in room version $roomVersion', (recorded) => {
  const version = roomVersion(recorded.roomVersion)
  const { roomId, events } = build(recorded, version)

  test('has the event IDs that Synapse gives it', () => {
    expect(events.at(-1)!.eventId).toBe(recorded.lastEventId)
  })

  test.each(Object.entries(recorded.resolved))('resolves by %s to what Synapse has', async (algorithm, expected) => {
    const resolver = { ...version, stateResolution: algorithm as RoomVersion['stateResolution'] }
    const byId = new Map(events.map((event) => [event.eventId, event]))
    const keyOf = ({ pdu }: ResolutionEvent): StateKey => [pdu.type, pdu.state_key!]
    const states = recorded.states.map((state) =>
      state.map((number) => [keyOf(events[number]!), events[number]!.eventId] as const),
    )
    const load = async (eventIds: readonly EventId[]) => new Map(eventIds.map((id) => [id, byId.get(id)!]))
    const entries = await resolveState(roomId, conflictOfStates(states), { load }, resolver)
    const result = new Map(states[0]!.map(([key, eventId]) => [JSON.stringify(key), eventId]))
    for (const { key, eventId } of entries) {
      if (eventId) result.set(JSON.stringify(key), eventId)
      else result.delete(JSON.stringify(key))
    }
    const numbers = new Map(events.map(({ eventId }, number) => [eventId, number]))
    expect([...result.values()].map((eventId) => numbers.get(eventId)!).sort((a, b) => a - b)).toEqual(expected)
  })
})

function build({ events: recorded }: RecordedGraph, version: RoomVersion) {
  const events: ResolutionEvent[] = []
  let roomId: RoomId = parseRoomId('!room:a.example')
  for (const { type, key, sender, content, prev, auth, depth, ts, rejected } of recorded) {
    const pdu: Pdu = {
      type,
      ...(type === 'm.room.create' && version.roomIdFormat === 'create-event' ? {} : { room_id: roomId }),
      state_key: key,
      sender: parseUserId(sender),
      content,
      prev_events: prev.map((number) => events[number]!.eventId),
      auth_events: auth.map((number) => events[number]!.eventId),
      depth,
      origin_server_ts: ts,
      hashes: { sha256: '' },
      signatures: {},
    }
    const eventId = eventIdOf(pdu, version)
    roomId = roomIdOfEvent(pdu, version, eventId)
    events.push({ eventId, roomId, pdu, rejectedBy: rejected ? 'auth-events' : undefined })
  }
  return { roomId, events }
}
