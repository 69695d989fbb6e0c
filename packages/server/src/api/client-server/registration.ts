import Type from 'typebox'
import { JsonObject } from '../../platform/http/schemas.ts'
import type { Registration } from '../../services/auth/registration.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'
import { loginReply } from './login-reply.ts'

/** @spec client-server-api/#post_matrixclientv3register */
export const register = endpoint({
  route: 'POST /_matrix/client/v3/register',
  also: olderPaths('/register'),
  auth: 'none',
  rateLimit: 'rc_registration',
  query: { kind: Type.Optional(Type.Union([Type.Literal('user'), Type.Literal('guest')])) },
  body: JsonObject,
  async handle({ query, body }, { registration }: { registration: Registration }) {
    const { userId, login } = await (query.kind === 'guest'
      ? registration.registerGuest(body)
      : registration.register(body))
    return loginReply(userId, login)
  },
})

/** @spec client-server-api/#get_matrixclientv3registeravailable */
export const checkUsernameAvailability = endpoint({
  route: 'GET /_matrix/client/v3/register/available',
  also: olderPaths('/register/available'),
  auth: 'none',
  rateLimit: 'rc_registration',
  query: { username: Type.String() },
  reply: { available: Type.Boolean() },
  async handle({ query }, { registration }: { registration: Registration }) {
    await registration.checkAvailable(query.username)
    return { available: true }
  },
})
