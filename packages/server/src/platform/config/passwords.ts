import Type from 'typebox'

const demand = (what: string) => Type.Boolean({ default: false, description: `Ask for at least one ${what}.` })

/** Passwords. */
export const passwordOptions = {
  password_config: Type.Object(
    {
      enabled: Type.Union([Type.Boolean(), Type.Literal('only_for_reauth')], {
        default: true,
        description: 'Whether one can log in with a password; `only_for_reauth` only to confirm who one is.',
      }),
      localdb_enabled: Type.Boolean({
        default: true,
        description: 'Whether the passwords this server has stored count.',
      }),
      pepper: Type.String({
        default: '',
        secret: true,
        description: 'Appended to every password before it is hashed. Changing it makes every password invalid.',
      }),
      policy: Type.Object(
        {
          enabled: Type.Boolean({
            default: false,
            description: 'Refuse new passwords that the policy does not allow.',
          }),
          minimum_length: Type.Integer({ default: 0, minimum: 0, description: 'Shortest password, in characters.' }),
          require_digit: demand('digit'),
          require_symbol: demand('character that is neither letter nor digit'),
          require_lowercase: demand('lower-case letter'),
          require_uppercase: demand('upper-case letter'),
        },
        { default: {}, description: 'What new passwords must be like.' },
      ),
    },
    { default: {}, description: 'Passwords.' },
  ),
}
