import Type from 'typebox'
import { nullable } from './declare.ts'
import { jsonMap } from './json-option.ts'

const powerLevels = (preset: string) =>
  nullable(jsonMap(), { description: `Keys of \`m.room.power_levels\` for rooms made with the preset \`${preset}\`.` })

/** What new rooms are like, and which are left out of sync. */
export const roomOptions = {
  encryption_enabled_by_default_for_room_type: Type.Union(
    // A bare `off` is false in YAML.
    [Type.Literal('all'), Type.Literal('invite'), Type.Literal('off'), Type.Literal(false)],
    {
      default: 'off',
      description:
        'New rooms that are encrypted: `all`, those one is invited to (`invite`), or only where a client asks (`off`).',
    },
  ),
  default_power_level_content_override: Type.Object(
    {
      private_chat: powerLevels('private_chat'),
      trusted_private_chat: powerLevels('trusted_private_chat'),
      public_chat: powerLevels('public_chat'),
    },
    {
      default: {},
      description: 'Power levels of new rooms, by preset. Each key given replaces the whole of that key’s default.',
    },
  ),
  exclude_rooms_from_sync: Type.Array(Type.String(), {
    default: [],
    description: 'IDs of rooms that `/sync` leaves out.',
  }),
}
