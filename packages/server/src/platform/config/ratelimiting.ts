import Type from 'typebox'
import { nullable, rate } from './declare.ts'

const pending = true
const milliseconds = (value: number, description: string) => Type.Integer({ default: value, minimum: 0, description })

/** How often something may be done. Read and checked, with Synapse's defaults; not enforced yet. */
export const ratelimitingOptions = {
  rc_message: rate(0.2, 10, { pending, description: 'Events one account sends.' }),
  rc_registration: rate(0.17, 3, { pending, description: 'Registrations from one address.' }),
  rc_registration_token_validity: rate(0.1, 5, {
    pending,
    description: 'Registration tokens checked from one address.',
  }),
  rc_login: Type.Object(
    {
      address: rate(0.003, 5, { description: 'Logins from one address.' }),
      account: rate(0.003, 5, { description: 'Logins to one account.' }),
      failed_attempts: rate(0.17, 3, { description: 'Failed logins to one account.' }),
    },
    { pending, default: {}, description: 'Logins.' },
  ),
  rc_admin_redaction: nullable(rate(0.2, 10, { description: '' }), {
    pending,
    description: 'Redactions by the administrators of a room; `rc_message` holds for them if unset.',
  }),
  rc_joins: Type.Object(
    {
      local: rate(0.1, 10, { description: 'Joins of one account into rooms this server is in.' }),
      remote: rate(0.01, 10, { description: 'Joins of one account into rooms this server is not in yet.' }),
    },
    { pending, default: {}, description: 'Joins.' },
  ),
  rc_joins_per_room: rate(1, 10, { pending, description: 'Joins into one room.' }),
  rc_3pid_validation: rate(0.003, 5, { pending, description: 'E-mail addresses and phone numbers confirmed.' }),
  rc_invites: Type.Object(
    {
      per_room: rate(0.3, 10, { description: 'Invites into one room.' }),
      per_user: rate(0.003, 5, { description: 'Invites one user receives.' }),
      per_issuer: rate(0.3, 10, { description: 'Invites one user sends.' }),
    },
    { pending, default: {}, description: 'Invites.' },
  ),
  rc_third_party_invite: rate(0.0025, 5, { pending, description: 'Invites by e-mail address or phone number.' }),
  rc_media_create: rate(10, 50, { pending, description: 'Media IDs one account reserves.' }),
  rc_federation: Type.Object(
    {
      window_size: milliseconds(1_000, 'Length of the window in which requests are counted, in milliseconds.'),
      sleep_limit: milliseconds(10, 'Requests in a window before further ones are delayed.'),
      sleep_delay: milliseconds(500, 'That delay, in milliseconds.'),
      reject_limit: milliseconds(50, 'Requests waiting before further ones are refused.'),
      concurrent: milliseconds(3, 'Requests worked on at once.'),
    },
    { pending, default: {}, description: 'Requests of one other server.' },
  ),
  rc_presence: Type.Object(
    { per_user: rate(0.1, 1, { description: 'Presence updates of one user.' }) },
    { pending, default: {}, description: 'Presence.' },
  ),
  rc_delayed_event_mgmt: rate(1, 5, { pending, description: 'Delayed events restarted, sent or cancelled.' }),
  rc_reports: rate(1, 5, { pending, description: 'Content reported.' }),
  rc_room_creation: rate(0.016, 10, { pending, description: 'Rooms one account makes.' }),
  rc_user_directory: rate(0.016, 200, { pending, description: 'Searches of the user directory.' }),
  rc_key_requests: rate(20, 100, { pending, description: 'Requests for the keys of other users’ devices.' }),
}
