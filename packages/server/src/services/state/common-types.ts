/**
 * The event types a leaf spells as one byte, and at the same time their place in the tree: the byte's two nibbles are the
 * first two steps of the path. FROZEN: bytes are stored in every node. A type can never be added, moved or removed, as
 * trees written before would no longer be found; a type that is missing here only costs its name's length in each leaf.
 *
 * Nibbles 0 and 1 gather what nearly every room has exactly once, so that it shares a leaf: the root stays small, and the
 * root is what every change rewrites. Nibble 2 and 3 hold types with many keys, each in a subtree of its own.
 * `m.room.member` owns nibble f alone: one step less for the largest subtree, and leaving out all members costs nothing.
 */
const COMMON_TYPES: readonly (readonly [code: number, type: string])[] = [
  [0x00, 'm.room.create'],
  [0x01, 'm.room.power_levels'],
  [0x02, 'm.room.join_rules'],
  [0x03, 'm.room.history_visibility'],
  [0x04, 'm.room.guest_access'],
  [0x05, 'm.room.encryption'],
  [0x06, 'm.room.tombstone'],
  [0x10, 'm.room.name'],
  [0x11, 'm.room.topic'],
  [0x12, 'm.room.avatar'],
  [0x13, 'm.room.canonical_alias'],
  [0x14, 'm.room.pinned_events'],
  [0x15, 'm.room.server_acl'],
  [0x16, 'm.room.policy'],
  [0x17, 'm.room.retention'],
  [0x18, 'org.matrix.room.preview_urls'],
  [0x19, 'm.room.related_groups'],
  [0x1a, 'im.vector.web.settings'],
  [0x1b, 'io.element.widgets.layout'],
  [0x1c, 'io.element.functional_members'],
  [0x1d, 'm.room.plumbing'],
  [0x20, 'm.room.third_party_invite'],
  [0x21, 'm.room.aliases'],
  [0x22, 'm.space.child'],
  [0x23, 'm.space.parent'],
  [0x24, 'm.policy.rule.user'],
  [0x25, 'm.policy.rule.room'],
  [0x26, 'm.policy.rule.server'],
  [0x27, 'm.call.member'],
  [0x28, 'org.matrix.msc3401.call.member'],
  [0x29, 'im.vector.modular.widgets'],
  [0x2a, 'm.widget'],
  [0x2b, 'm.bridge'],
  [0x2c, 'uk.half-shot.bridge'],
  [0x2d, 'm.room.image_pack'],
  [0x2e, 'im.ponies.room_emotes'],
  [0x2f, 'm.room.bot.options'],
  [0x30, 'm.beacon_info'],
  [0x31, 'org.matrix.msc3672.beacon_info'],
  [0x32, 'm.rtc.slot'],
  [0x33, 'org.matrix.msc4143.rtc.slot'],
  [0x34, 'org.matrix.msc4143.rtc.member'],
  [0x35, 'm.call'],
  [0x36, 'org.matrix.msc3401.call'],
  [0xf0, 'm.room.member'],
]

/** First byte of a key whose type is spelled out. No code of the table may reach it. */
export const SPELLED_TYPE = 0xff
/** The root's child that holds members and nothing else. Below it the path goes on with the key's hash at once. */
export const MEMBER_NIBBLE = 0xf
/** Types outside the table are spread over these places, apart from every type of the table. */
export const FIRST_HASHED_SLOT = 0x40
export const HASHED_SLOTS = 0xf0 - FIRST_HASHED_SLOT

const codes: ReadonlyMap<string, number> = new Map(COMMON_TYPES.map(([code, type]) => [type, code]))
const types: readonly (string | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => COMMON_TYPES.find(([known]) => known === code)?.[1],
)

/** The byte that stands for a type of the frozen table, if it is one. */
export function commonTypeCode(type: string): number | undefined {
  return codes.get(type)
}

/** The type a byte stands for; undefined if the table has no such byte. */
export function commonType(code: number): string | undefined {
  return types[code]
}
