import type { Route } from '../../src/platform/http/http-server.ts'

/** Fields that endpoints read of bodies whose schema takes any object. */
const READ_BY_HAND = [
  'account_data',
  'address',
  'admin',
  'auth',
  'content',
  'device_id',
  'devices',
  'displayname',
  'avatar_url',
  'event_fields',
  'event_format',
  'identifier',
  'inhibit_login',
  'initial_device_display_name',
  'join_authorised_via_users_server',
  'mac',
  'medium',
  'membership',
  'nonce',
  'password',
  'presence',
  'reason',
  'redacts',
  'refresh_token',
  'room',
  'third_party_signed',
  'timeout',
  'token',
  'type',
  'user',
  'user_type',
  'username',
] as const

/** Names of the fields of a route's body. */
export function fieldNames({ declared }: Route): string[] {
  const body = declared?.schemas.body
  const names = new Set<string>(READ_BY_HAND)
  if (typeof body === 'object') collect(body, names)
  return [...names]
}

function collect(schema: object, names: Set<string>): void {
  const properties: unknown = Reflect.get(schema, 'properties')
  for (const name of Object.keys(Object(properties))) names.add(name)
  for (const combination of ['allOf', 'anyOf']) {
    const parts: unknown = Reflect.get(schema, combination)
    if (Array.isArray(parts)) for (const part of parts) collect(Object(part), names)
  }
}
