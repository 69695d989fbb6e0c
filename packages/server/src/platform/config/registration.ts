import Type, { type Static } from 'typebox'
import { filePath, nullable } from './declare.ts'
import type { ConfigProblem } from './problem.ts'

/** Who may have an account, and what its owner may change. */
export const registrationOptions = {
  enable_registration: Type.Boolean({
    default: false,
    description:
      'Anybody may register. The server does not start with this on unless newcomers are verified, which this release ' +
      'cannot do yet, or `enable_registration_without_verification` is on, too.',
  }),
  enable_registration_without_verification: Type.Boolean({
    default: false,
    description:
      'Registration is open without any verification. Expect spam, unless the server cannot be reached from outside.',
  }),
  registration_shared_secret: nullable(Type.String({ minLength: 1 }), {
    secret: true,
    description:
      'Whoever knows it may make accounts, administrators included, even while registration is closed: see `magik register-user`.',
  }),
  registration_shared_secret_path: nullable(filePath({ description: '' }), {
    secretFor: 'registration_shared_secret',
    description:
      'A file that holds `registration_shared_secret`. A missing one is made, with a fresh secret, when the server starts.',
  }),
  bcrypt_rounds: Type.Integer({
    default: 12,
    minimum: 4,
    maximum: 31,
    description:
      'Accepted for Synapse’s sake. New passwords are hashed with Argon2id; bcrypt hashes of Synapse are verified, whatever their cost. ' +
      '4, the least, also makes new hashes as cheap as they can be: for tests.',
  }),
  allow_guest_access: Type.Boolean({
    default: false,
    description: 'Whether one may look around as a guest, without registering.',
  }),
  inhibit_user_in_use_error: Type.Boolean({
    default: false,
    description: 'Tell that a user name is taken only once registration is otherwise complete.',
  }),
  enable_set_displayname: Type.Boolean({
    default: true,
    description: 'Users may change their display name once they have one. Administrators always may.',
  }),
  enable_set_avatar_url: Type.Boolean({
    default: true,
    description: 'Users may change their avatar once they have one. Administrators always may.',
  }),
}

type RegistrationConfig = Static<ReturnType<typeof Type.Object<typeof registrationOptions>>>

/** What the declarations of this area cannot say. */
export function checkRegistration(config: RegistrationConfig): ConfigProblem[] {
  if (!config.enable_registration || config.enable_registration_without_verification) return []
  return [
    {
      path: 'enable_registration',
      message:
        'would let anybody register without being verified; expected false, or ' +
        'enable_registration_without_verification: true beside it to say that this is meant',
    },
  ]
}
