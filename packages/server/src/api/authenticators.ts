import { MatrixError } from '@magik/protocol'
import type { Authenticators } from '../platform/http/endpoint.ts'
import type { HttpRequest } from '../platform/http/http-request.ts'
import type { Requester } from '../services/auth/requester.ts'
import type { TokenAuthenticator } from '../services/auth/token-authenticator.ts'
import type { ClientRequesters } from './endpoint.ts'

/** Why the server serves nobody but administrators for now. */
export interface ServerClosure {
  readonly message: string
  readonly adminContact: string | null
}

/** Holds requests back until what they may rest on is known. */
export interface RequestBarrier {
  readonly isNeeded: boolean
  pass(): Promise<void>
}

/**
 * Tells, for each kind of authentication, who makes a request.
 * @param closure set while the server is closed to all but administrators.
 * @param barrier passed first by whoever shows a token.
 */
export function clientAuthenticators(
  tokens: TokenAuthenticator,
  closure?: ServerClosure,
  barrier?: RequestBarrier,
): Authenticators<ClientRequesters> {
  const requesterOf = async (token: string | undefined, { ip, userAgent }: HttpRequest): Promise<Requester> => {
    if (barrier?.isNeeded === true) await barrier.pass()
    const requester = await tokens.authenticate(token, { ip, userAgent })
    if (closure !== undefined && !requester.isAdmin) throw serverClosed(closure)
    return requester
  }
  return {
    none: { authenticate: () => undefined },
    optional: {
      authenticate: (token, request) => (token === undefined ? undefined : requesterOf(token, request)),
    },
    evenLocked: {
      async authenticate(token, { ip, userAgent }) {
        if (barrier?.isNeeded === true) await barrier.pass()
        return tokens.authenticate(token, { ip, userAgent, allowLocked: true })
      },
    },
    guest: { authenticate: requesterOf },
    user: {
      async authenticate(token, request) {
        const requester = await requesterOf(token, request)
        if (requester.isGuest) throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may not do this')
        return requester
      },
    },
    admin: {
      async authenticate(token, request) {
        const requester = await requesterOf(token, request)
        if (!requester.isAdmin) throw new MatrixError('M_FORBIDDEN', 'You are not a server admin')
        return requester
      },
    },
  }
}

function serverClosed({ message, adminContact }: ServerClosure): MatrixError {
  return new MatrixError('M_RESOURCE_LIMIT_EXCEEDED', message || 'This homeserver has been disabled', {
    fields: { limit_type: 'hs_disabled', ...(adminContact !== null && { admin_contact: adminContact }) },
  })
}
