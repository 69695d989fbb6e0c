import type { Sessions } from '../../services/auth/sessions.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** @spec client-server-api/#post_matrixclientv3logout */
export const logout = endpoint({
  route: 'POST /_matrix/client/v3/logout',
  also: olderPaths('/logout'),
  auth: 'evenLocked',
  async handle({ requester }, { sessions }: { sessions: Sessions }) {
    await sessions.close(requester)
    return {}
  },
})

/** @spec client-server-api/#post_matrixclientv3logoutall */
export const logout_all = endpoint({
  route: 'POST /_matrix/client/v3/logout/all',
  also: olderPaths('/logout/all'),
  auth: 'evenLocked',
  async handle({ requester }, { sessions }: { sessions: Sessions }) {
    await sessions.closeAll(requester.userNid)
    return {}
  },
})
