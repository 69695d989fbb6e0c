import Type, { type Static } from 'typebox'
import { nullable, oneOf } from './declare.ts'
import type { ConfigProblem } from './problem.ts'

/** The page a browser sees at `/`, and how to reach who runs the server. */
export const landingPageOptions = {
  landing_page: Type.Object(
    {
      title: nullable(Type.String(), {
        sample: 'Chat at Example',
        description: 'Heading of the page; the server name if unset.',
      }),
      text: nullable(Type.String(), {
        sample: 'Rooms for everyone at Example. Ask the help desk for an account.',
        description: 'What is said below the heading, as plain text; an empty line begins a new paragraph.',
      }),
      logo: nullable(Type.String({ unit: 'url' }), {
        sample: 'https://example.com/logo.svg',
        description: 'URL of a picture shown above the heading.',
      }),
      links: Type.Array(
        Type.Object({
          title: Type.String({ minLength: 1, description: 'What the link says.' }),
          url: Type.String({
            pattern: '^(https?://[^\\s]+|mailto:[^\\s]+)$',
            patternMeaning: 'an http://, https:// or mailto: URL',
            description: 'Where it leads.',
          }),
        }),
        {
          default: [],
          sample: [{ title: 'House rules', url: 'https://example.com/rules' }],
          description: 'Links of your own.',
        },
      ),
    },
    {
      default: {},
      magikOnly: true,
      description: 'The page a browser sees at `/` and `/_matrix/static/`, unless `web_client_location` is set.',
    },
  ),
  well_known_support: Type.Object(
    {
      contacts: Type.Array(
        Type.Object({
          role: oneOf(['m.role.admin', 'm.role.security'], {
            default: 'm.role.admin',
            description: 'What they are for.',
          }),
          email_address: nullable(Type.String({ minLength: 3 }), { description: 'Their e-mail address.' }),
          matrix_id: nullable(
            Type.String({ pattern: '^@.*:.+$', patternMeaning: 'a user ID such as @admin:example.com' }),
            {
              description: 'Their user ID.',
            },
          ),
        }),
        {
          default: [],
          sample: [{ role: 'm.role.admin', email_address: 'admin@example.com', matrix_id: '@admin:example.com' }],
          description: 'Whom to contact.',
        },
      ),
      support_page: nullable(Type.String({ unit: 'url' }), {
        sample: 'https://example.com/support',
        description: 'A page for people who need help.',
      }),
    },
    { default: {}, magikOnly: true, description: 'What `/.well-known/matrix/support` answers; nothing if empty.' },
  ),
}

type LandingPageConfig = Static<ReturnType<typeof Type.Object<typeof landingPageOptions>>>

/** What the declarations of this area cannot say. */
export function checkLandingPage({ well_known_support: support }: LandingPageConfig): ConfigProblem[] {
  return support.contacts.flatMap(({ email_address: email, matrix_id: userId }, index) =>
    email === null && userId === null
      ? [{ path: `well_known_support.contacts[${index}]`, message: 'expected email_address, matrix_id or both' }]
      : [],
  )
}
