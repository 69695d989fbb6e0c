import Type from 'typebox'
import { duration, nullable } from './declare.ts'

const lifetime = (description: string) => nullable(duration({ description: '' }), { description })

/** What is deleted when it has become old. */
export const retentionOptions = {
  redaction_retention_period: nullable(duration({ description: '' }), {
    default: '7d',
    description:
      'How long the original of a redacted event is kept before what redaction leaves of it is stored in its place; ' +
      'null: for ever. Looked at every five minutes.',
  }),
  retention: Type.Object(
    {
      enabled: Type.Boolean({ default: false, description: 'Delete messages that are older than their room allows.' }),
      default_policy: Type.Object(
        {
          min_lifetime: lifetime('How long messages are kept at least.'),
          max_lifetime: lifetime('How long messages are kept at most.'),
        },
        { default: {}, description: 'What holds in rooms that say nothing of it.' },
      ),
      allowed_lifetime_min: lifetime('The shortest lifetime that a room may ask for.'),
      allowed_lifetime_max: lifetime('The longest lifetime that a room may ask for.'),
      purge_jobs: Type.Array(
        Type.Object({
          shortest_max_lifetime: lifetime('Rooms whose messages live longer than that.'),
          longest_max_lifetime: lifetime('Rooms whose messages live no longer than that.'),
          interval: duration({ description: 'How often it is looked for messages to delete.' }),
        }),
        { default: [], description: 'When to look for old messages, by how long those of a room live.' },
      ),
    },
    {
      default: {},
      pending: true,
      description: 'How long messages are kept, where rooms say so in `m.room.retention`.',
    },
  ),
}
