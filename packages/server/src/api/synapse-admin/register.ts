import Type from 'typebox'
import { JsonObject } from '../../platform/http/schemas.ts'
import type { SharedSecretRegistration } from '../../services/auth/shared-secret-registration.ts'
import { loginReply } from '../client-server/login-reply.ts'
import { endpoint } from '../endpoint.ts'

interface Deps {
  readonly sharedSecretRegistration: SharedSecretRegistration
}

/** Hands out a nonce for `adminRegister`: good once, for a minute. */
export const adminRegisterNonce = endpoint({
  route: 'GET /_synapse/admin/v1/register',
  auth: 'none',
  reply: { nonce: Type.String() },
  handle: (_call, { sharedSecretRegistration }: Deps) => ({ nonce: sharedSecretRegistration.newNonce() }),
})

/** Makes an account, an administrator's too, for whoever knows the registration shared secret. */
export const adminRegister = endpoint({
  route: 'POST /_synapse/admin/v1/register',
  auth: 'none',
  body: JsonObject,
  async handle({ body }, { sharedSecretRegistration }: Deps) {
    const { userId, login } = await sharedSecretRegistration.register(body)
    return loginReply(userId, login)
  },
})
