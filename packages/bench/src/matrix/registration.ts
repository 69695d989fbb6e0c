import { createHmac } from 'node:crypto'
import type { HttpClient } from '../http/http-client.ts'
import { exchange, RefusedError } from './exchange.ts'
import { parseRecord, recordsField, stringField } from './json-fields.ts'
import { Session } from './session.ts'

const REGISTER = '/_matrix/client/v3/register'
const ADMIN_REGISTER = '/_synapse/admin/v1/register'

/** How accounts come about: by the open registration of the Client-Server API, or by the administrator's secret. */
export type Registration = { readonly kind: 'open' } | { readonly kind: 'shared-secret'; readonly secret: string }

export interface NewAccount {
  readonly username: string
  readonly password: string
}

/**
 * Makes an account and logs it in.
 * @throws RefusedError if the server does not allow it.
 */
export function registerAccount(http: HttpClient, registration: Registration, account: NewAccount): Promise<Session> {
  return registration.kind === 'open'
    ? registerOpenly(http, account)
    : registerBySecret(http, account, registration.secret)
}

/** @spec client-server-api/#post_matrixclientv3register */
async function registerOpenly(http: HttpClient, account: NewAccount): Promise<Session> {
  const attempt = (session: string | undefined) =>
    exchange(http, {
      method: 'POST',
      path: REGISTER,
      body: JSON.stringify({ ...account, auth: { type: 'm.login.dummy', session } }),
    })
  try {
    return sessionOf(http, await attempt(undefined))
  } catch (error) {
    // Most servers take the dummy stage at once; some insist on the session they hand out first.
    if (!(error instanceof RefusedError) || error.status !== 401) throw error
    return sessionOf(http, await attempt(stringField(parseRecord(error.body), 'session')))
  }
}

/** Synapse's registration by shared secret: a nonce, then an HMAC-SHA1 over it and the account's fields. */
async function registerBySecret(http: HttpClient, account: NewAccount, secret: string): Promise<Session> {
  const nonce = stringField(parseRecord(await exchange(http, { method: 'GET', path: ADMIN_REGISTER })), 'nonce')
  const signed = [nonce, account.username, account.password, 'notadmin'].join('\0')
  const mac = createHmac('sha1', secret).update(signed).digest('hex')
  const body = JSON.stringify({ ...account, nonce, admin: false, mac })
  return sessionOf(http, await exchange(http, { method: 'POST', path: ADMIN_REGISTER, body }))
}

function sessionOf(http: HttpClient, body: Buffer): Session {
  const reply = parseRecord(body)
  return new Session(http, stringField(reply, 'user_id'), stringField(reply, 'access_token'))
}

/** Whether an open registration is offered, told by its flows. */
export async function offersOpenRegistration(http: HttpClient): Promise<boolean> {
  const response = await http.request({ method: 'POST', path: REGISTER, body: '{}' })
  if (response.status !== 401) return false
  return recordsField(parseRecord(response.body), 'flows').some((flow) => {
    const stages = flow['stages']
    return Array.isArray(stages) && stages.length === 1 && stages[0] === 'm.login.dummy'
  })
}
