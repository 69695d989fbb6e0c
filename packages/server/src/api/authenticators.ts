import { MatrixError } from '@magik/protocol'
import type { Authenticators } from '../platform/http/endpoint.ts'
import type { HttpRequest } from '../platform/http/http-request.ts'
import type { Requester } from '../services/auth/requester.ts'
import type { TokenAuthenticator } from '../services/auth/token-authenticator.ts'
import type { ClientRequesters } from './endpoint.ts'

/** Tells, for each kind of authentication, who makes a request. */
export function clientAuthenticators(tokens: TokenAuthenticator): Authenticators<ClientRequesters> {
  const requesterOf = (token: string | undefined, { ip, userAgent }: HttpRequest): Promise<Requester> =>
    tokens.authenticate(token, { ip, userAgent })
  return {
    none: { authenticate: () => undefined },
    optional: {
      authenticate: (token, request) => (token === undefined ? undefined : requesterOf(token, request)),
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
