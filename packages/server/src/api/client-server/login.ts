import { JsonObject } from '../../platform/http/schemas.ts'
import type { Logins } from '../../services/auth/logins.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'
import { loginReply } from './login-reply.ts'

/** @spec client-server-api/#get_matrixclientv3login */
export const getLoginFlows = endpoint({
  route: 'GET /_matrix/client/v3/login',
  also: olderPaths('/login'),
  auth: 'none',
  handle: (_call, { logins }: { logins: Logins }) => ({ flows: logins.flows() }),
})

/** @spec client-server-api/#post_matrixclientv3login */
export const login = endpoint({
  route: 'POST /_matrix/client/v3/login',
  also: olderPaths('/login'),
  auth: 'none',
  rateLimit: 'rc_login',
  body: JsonObject,
  async handle({ body }, { logins }: { logins: Logins }) {
    const opened = await logins.login(body)
    return loginReply(opened.userId, opened)
  },
})
