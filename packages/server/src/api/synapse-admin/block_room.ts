import Type from 'typebox'
import type { RoomBlocks } from '../../services/rooms/room-blocks.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'

interface Deps {
  readonly roomBlocks: RoomBlocks
}

const path = { roomId: RoomIdText }

/** Whether a room is blocked, and by whom. */
export const blockedRoom = endpoint({
  route: 'GET /_synapse/admin/v1/rooms/{roomId}/block',
  auth: 'admin',
  path,
  reply: { block: Type.Boolean(), user_id: Type.Optional(Type.String()) },
  async handle({ path: { roomId } }, { roomBlocks }: Deps) {
    const blockedBy = await roomBlocks.blockedBy(roomId)
    return blockedBy === undefined ? { block: false } : { block: true, user_id: blockedBy }
  },
})

/** Blocks a room, known here or not, or lets it be entered again. */
export const blockRoom = endpoint({
  route: 'PUT /_synapse/admin/v1/rooms/{roomId}/block',
  auth: 'admin',
  path,
  body: Type.Object({ block: Type.Boolean() }),
  reply: { block: Type.Boolean() },
  async handle({ path: { roomId }, body: { block }, requester }, { roomBlocks }: Deps) {
    await roomBlocks.set(roomId, requester.userId, block)
    return { block }
  },
})
