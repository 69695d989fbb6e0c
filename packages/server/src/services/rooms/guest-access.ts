import { MatrixError } from '@magik/protocol'
import type { Requester } from '../auth/requester.ts'
import type { RoomView } from '../events/room-view.ts'

/**
 * Keeps guests out of rooms that do not say they are welcome.
 * @throws MatrixError M_GUEST_ACCESS_FORBIDDEN
 * @spec client-server-api/#guest-access
 */
export async function checkGuestAccess(requester: Pick<Requester, 'isGuest'>, room: RoomView): Promise<void> {
  if (!requester.isGuest) return
  const access = (await room.content('m.room.guest_access', ''))?.['guest_access']
  if (access !== 'can_join') throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not join this room')
}
