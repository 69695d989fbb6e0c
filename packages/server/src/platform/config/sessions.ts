import Type, { type Static } from 'typebox'
import { duration, nullable } from './declare.ts'
import type { ConfigProblem } from './problem.ts'

/** How long a login and its tokens last. */
export const sessionOptions = {
  session_lifetime: nullable(duration({ description: '' }), {
    sample: '24h',
    description: 'How long a login lasts in all, refreshed or not; null for ever. Holds for logins made from now on.',
  }),
  refreshable_access_token_lifetime: nullable(duration({ description: '' }), {
    default: '5m',
    description: 'How long an access token lasts that can be refreshed; null turns refresh tokens off.',
  }),
  refresh_token_lifetime: nullable(duration({ description: '' }), {
    sample: '24h',
    description: 'How long a refresh token lasts while it is not used; null for ever.',
  }),
  nonrefreshable_access_token_lifetime: nullable(duration({ description: '' }), {
    sample: '24h',
    description: 'How long an access token lasts that cannot be refreshed; null for ever.',
  }),
  ui_auth: Type.Object(
    {
      session_timeout: duration({
        default: 0,
        description:
          'How long a completed user-interactive authentication spares the user the next one. It never does so for what ' +
          'cannot be undone, such as deactivating the account. 0 asks every time.',
      }),
    },
    { default: {}, description: 'User-interactive authentication.' },
  ),
}

type SessionConfig = Static<ReturnType<typeof Type.Object<typeof sessionOptions>>>

/** What the declarations of this area cannot say. */
export function checkSessions(config: SessionConfig): ConfigProblem[] {
  const { session_lifetime: whole } = config
  if (whole === null) return []
  return (
    ['refreshable_access_token_lifetime', 'refresh_token_lifetime', 'nonrefreshable_access_token_lifetime'] as const
  )
    .filter((option) => (config[option] ?? 0) > whole)
    .map((path) => ({ path, message: 'expected no more than session_lifetime' }))
}
