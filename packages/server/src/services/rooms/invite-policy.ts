import { MatrixError, type ServerName, serverNameOf, type UserId } from '@magik/protocol'
import type { Requester } from '../auth/requester.ts'

/** Decides whom users of this server may invite at all; whether a room allows it is for its authorisation rules. */
export class InvitePolicy {
  readonly #serverName: ServerName
  readonly #isForAdminsOnly: boolean

  constructor(deps: { readonly serverName: ServerName; readonly isForAdminsOnly: boolean }) {
    this.#serverName = deps.serverName
    this.#isForAdminsOnly = deps.isForAdminsOnly
  }

  /** @throws MatrixError M_FORBIDDEN */
  check(requester: Pick<Requester, 'isAdmin'>, invitee: UserId): void {
    if (this.#isForAdminsOnly && !requester.isAdmin) {
      throw new MatrixError('M_FORBIDDEN', 'Invites have been disabled on this server')
    }
    if (serverNameOf(invitee) !== this.#serverName) {
      throw new MatrixError('M_FORBIDDEN', `${invitee} is on another server, and this server cannot reach others yet`)
    }
  }
}
