import { createHmac } from 'node:crypto'
import { CommandFailure, errorText } from './failure.ts'

/** Who is to get an account. */
export interface NewUser {
  readonly username: string
  readonly password: string
  readonly isAdmin: boolean
  readonly userType: string | undefined
}

/** What became of a registration. */
export type RegistrationOutcome =
  | { readonly kind: 'registered'; readonly userId: string }
  | { readonly kind: 'refused'; readonly errcode: string; readonly message: string }

const PATH = '/_synapse/admin/v1/register'
const TIMEOUT_MS = 60_000

/**
 * Proves that whoever asks for an account knows the shared secret: HMAC-SHA1 over the fields, separated by zero bytes, as
 * Synapse has it.
 * @returns lower-case hex.
 */
export function registrationMac(secret: string, nonce: string, user: NewUser): string {
  const fields = [nonce, user.username, user.password, user.isAdmin ? 'admin' : 'notadmin']
  if (user.userType !== undefined) fields.push(user.userType)
  return createHmac('sha1', secret).update(fields.join('\0')).digest('hex')
}

/**
 * Makes an account over HTTP.
 * @throws CommandFailure if the server cannot be reached or is none.
 */
export async function registerWithSharedSecret(request: {
  readonly url: string
  readonly secret: string
  readonly user: NewUser
}): Promise<RegistrationOutcome> {
  const { secret, user } = request
  const url = request.url.replace(/\/+$/u, '') + PATH
  const asked = await exchange(url)
  const nonce = asked.body['nonce']
  if (typeof nonce !== 'string') {
    return refusal(asked, `${url} answers ${asked.status}: is a homeserver with a registration_shared_secret there?`)
  }
  const answer = await exchange(url, {
    nonce,
    username: user.username,
    password: user.password,
    admin: user.isAdmin,
    ...(user.userType === undefined ? {} : { user_type: user.userType }),
    mac: registrationMac(secret, nonce, user),
  })
  const userId = answer.body['user_id']
  return typeof userId === 'string' ? { kind: 'registered', userId } : refusal(answer, `status ${answer.status}`)
}

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

function refusal({ body }: Answer, otherwise: string): RegistrationOutcome {
  const { errcode, error } = body
  if (typeof errcode !== 'string') throw new CommandFailure(otherwise)
  return { kind: 'refused', errcode, message: typeof error === 'string' ? `${error} (${errcode})` : errcode }
}

async function exchange(url: string, body?: object): Promise<Answer> {
  const response = await send(url, body)
  const text = await response.text()
  return { status: response.status, body: parseBody(text) }
}

async function send(url: string, body: object | undefined): Promise<Response> {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  try {
    return await fetch(url, { ...(body ? post : {}), signal: AbortSignal.timeout(TIMEOUT_MS), redirect: 'error' })
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    const code = reason instanceof Error && 'code' in reason ? String(reason.code) : errorText(reason)
    throw new CommandFailure(`cannot reach ${url} (${code}): is the server running?`, { cause })
  }
}

function parseBody(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
  } catch {
    return {}
  }
}
