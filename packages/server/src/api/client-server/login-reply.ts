import { serverNameOf, type UserId } from '@magik/protocol'
import type { Login } from '../../services/auth/sessions.ts'
import type { Credentials } from '../../services/auth/token-issuer.ts'

/** What logging in and registering answer alike. @param login undefined where the client did not want to be signed in */
export function loginReply(userId: UserId, login: Login | undefined) {
  return {
    user_id: userId,
    // Deprecated since long, but older clients read it.
    home_server: serverNameOf(userId),
    ...(login && { device_id: login.deviceId, ...credentialsReply(login) }),
  }
}

/** Tokens as clients get them. */
export function credentialsReply({ accessToken, expiresInMs, refreshToken }: Credentials) {
  return {
    access_token: accessToken,
    ...(expiresInMs !== undefined && { expires_in_ms: expiresInMs }),
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
  }
}
