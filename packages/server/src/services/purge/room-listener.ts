import type { RoomId } from '@magik/protocol'

/** Called once something of a room is deleted or stored otherwise: what is remembered of it is out of date. */
export type RoomListener = (room: { readonly roomNid: number; readonly roomId: RoomId }) => void
