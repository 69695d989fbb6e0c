import Type from 'typebox'
import type { TokenRefresh } from '../../services/auth/token-refresh.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'
import { credentialsReply } from './login-reply.ts'

/** @spec client-server-api/#post_matrixclientv3refresh */
export const refresh = endpoint({
  route: 'POST /_matrix/client/v3/refresh',
  also: olderPaths('/refresh'),
  auth: 'none',
  body: Type.Object({ refresh_token: Type.String() }),
  async handle({ body }, { tokenRefresh }: { tokenRefresh: TokenRefresh }) {
    return credentialsReply(await tokenRefresh.refresh(body.refresh_token))
  },
})
