import type { Route } from '../../src/platform/http/http-server.ts'
import { type HttpAnswer, type HttpCall, registerAdmin, type RunningServer, type User } from '../harness/index.ts'

/** A user with a room, for requests that are right but for one thing. */
export interface Situation {
  readonly user: User
  readonly room: string
  readonly event: string
}

export const METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'] as const

/** Makes a situation of its own for each route, so that what one request does (log out, leave) harms no other. */
export async function newSituation(server: RunningServer, localpart: string, route?: Route): Promise<Situation> {
  const isForAdmins = route?.declared?.auth === 'admin'
  const user = isForAdmins ? await registerAdmin(server.transport, localpart) : await server.register(localpart)
  const room = await user.createRoom()
  const { event_id: event } = await user.send(room, 'hello')
  return { user, room, event }
}

/** A path with a sensible value for each parameter, but for those given. */
export function concrete(path: string, situation: Situation, instead: Readonly<Record<string, string>> = {}): string {
  const values: Readonly<Record<string, string>> = {
    roomId: situation.room,
    roomIdOrAlias: situation.room,
    userId: situation.user.userId,
    eventId: situation.event,
    deviceId: situation.user.deviceId,
    roomAlias: '#some:example.org',
    keyName: 'displayname',
    kind: 'override',
    ruleId: '.m.rule.master',
    eventType: 'm.room.message',
    receiptType: 'm.read',
  }
  return path.replaceAll(
    /\{([^{}/]+)\}/g,
    (_, name: string) => instead[name] ?? encodeURIComponent(values[name] ?? 'x'),
  )
}

/** Names of the parameters of a path. */
export function parametersOf(path: string): string[] {
  return Array.from(path.matchAll(/\{([^{}/]+)\}/g), ([, name]) => name ?? '')
}

/** Whether a path in the spec's spelling stands for a concrete one. */
export function fits(pattern: string, path: string): boolean {
  const [expected, found] = [pattern.split('/'), path.split('/')]
  return (
    expected.length === found.length && expected.every((part, index) => part.startsWith('{') || part === found[index])
  )
}

/** Whether a route takes a JSON body. */
export function takesJson({ declared }: Route): boolean {
  return typeof declared?.schemas.body === 'object'
}

/** Makes requests as a user; with a token unless told otherwise. */
export function requester(server: RunningServer, { user }: Situation) {
  return (call: HttpCall): Promise<HttpAnswer> =>
    server.transport({
      ...call,
      headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json', ...call.headers },
    })
}

/**
 * What is wrong with an answer to a request that may be refused, but only in the spec's form.
 * @returns undefined if nothing is
 */
export function formFault({ status, body }: HttpAnswer): string | undefined {
  if (status < 400) return undefined
  const shown = `${status} ${body.slice(0, 300)}`
  if (status >= 500) return `failed: ${shown}`
  const problem = parsed(body)
  // The next step of user-interactive authentication is told in a form of its own.
  if (status === 401 && Array.isArray(problem['flows']) && typeof problem['session'] === 'string') return undefined
  const { errcode, error } = problem
  const isInForm =
    typeof errcode === 'string' && /^M_[A-Z_]+$/.test(errcode) && typeof error === 'string' && error !== ''
  return isInForm ? undefined : `not in the form of an error: ${shown}`
}

/** Status and code of a refusal. */
export function refusal({ status, body }: HttpAnswer): { status: number; errcode: unknown } {
  return { status, errcode: parsed(body)['errcode'] }
}

function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}
