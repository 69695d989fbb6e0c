import Type from 'typebox'
import { duration, nullable, size } from './declare.ts'

/** Closing the server, and bounds on what its users may do. */
export const homeserverBlockingOptions = {
  admin_contact: nullable(Type.String(), {
    sample: 'mailto:admin@example.com',
    description: 'How to reach the administrator; part of the error that `hs_disabled` gives.',
  }),
  hs_disabled: Type.Boolean({
    default: false,
    description: 'Refuse every user, except server administrators, with `M_RESOURCE_LIMIT_EXCEEDED`.',
  }),
  hs_disabled_message: Type.String({ default: '', description: 'Why, shown to users while `hs_disabled` is on.' }),
  require_membership_for_aliases: Type.Boolean({
    default: true,
    description: 'Only a member of a room may give it an alias.',
  }),
  allow_per_room_profiles: Type.Boolean({
    default: true,
    description: 'Users may have another name or avatar in a single room.',
  }),
  max_avatar_size: nullable(size({ description: '' }), {
    pending: true,
    sample: '10M',
    description: 'Largest avatar.',
  }),
  allowed_avatar_mimetypes: nullable(Type.Array(Type.String()), {
    pending: true,
    sample: ['image/png', 'image/jpeg', 'image/gif'],
    description: 'MIME types avatars may have; all if unset.',
  }),
  user_ips_max_age: nullable(duration({ description: '' }), {
    default: '28d',
    pending: true,
    description: 'How long it is remembered from which address a device was last seen; null for ever.',
  }),
}
