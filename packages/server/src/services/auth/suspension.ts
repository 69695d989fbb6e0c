import { MatrixError } from '@magik/protocol'
import type { Requester } from './requester.ts'

/**
 * Refuses what a suspended account may not do.
 * @throws MatrixError M_USER_SUSPENDED
 * @spec client-server-api/#account-suspension
 */
export function refuseSuspended(requester: Pick<Requester, 'isSuspended'>): void {
  if (requester.isSuspended) throw new MatrixError('M_USER_SUSPENDED', 'You may not do this while suspended')
}
