/** A JSON object as tests write and read it. */
export type Content = Record<string, unknown>

/** An event as clients get it. */
export interface ClientEvent {
  readonly event_id: string
  readonly type: string
  readonly sender: string
  readonly state_key?: string
  readonly room_id?: string
  readonly origin_server_ts: number
  readonly content: Content
  readonly redacts?: string
  readonly unsigned?: Content
}

/** Events of a section that knows neither IDs nor senders. */
export interface PlainEvent {
  readonly type: string
  readonly content: Content
}

/** How much is unread. */
export interface UnreadNotifications {
  readonly highlight_count: number
  readonly notification_count: number
}

/** The section of a room that the user is in or has left. */
export interface RoomSection {
  readonly timeline: {
    readonly events: readonly ClientEvent[]
    readonly limited: boolean
    readonly prev_batch: string
  }
  readonly state: { readonly events: readonly ClientEvent[] }
  readonly account_data: { readonly events: readonly PlainEvent[] }
  readonly summary?: {
    readonly 'm.heroes'?: readonly string[]
    readonly 'm.joined_member_count'?: number
    readonly 'm.invited_member_count'?: number
  }
  readonly unread_notifications?: UnreadNotifications
  readonly unread_thread_notifications?: Readonly<Record<string, UnreadNotifications>>
  readonly ephemeral?: { readonly events: readonly PlainEvent[] }
}

/** The answer of `/sync`. */
export interface SyncReply {
  readonly next_batch: string
  readonly rooms?: {
    readonly join?: Readonly<Record<string, RoomSection>>
    readonly invite?: Readonly<Record<string, { readonly invite_state: { readonly events: readonly ClientEvent[] } }>>
    readonly knock?: Readonly<Record<string, { readonly knock_state: { readonly events: readonly ClientEvent[] } }>>
    readonly leave?: Readonly<Record<string, RoomSection>>
  }
  readonly account_data?: { readonly events: readonly PlainEvent[] }
}

/** The answer of `/messages`. */
export interface MessagesReply {
  readonly start: string
  readonly end?: string
  readonly chunk: readonly ClientEvent[]
  readonly state?: readonly ClientEvent[]
}

/** The content of a text message. */
export function text(body: string): Content {
  return { msgtype: 'm.text', body }
}

/** The texts of messages. */
export function bodies(events: readonly ClientEvent[]): unknown[] {
  return events.filter(({ type }) => type === 'm.room.message').map(({ content }) => content['body'])
}

/** IDs of events. */
export function eventIds(events: readonly ClientEvent[]): string[] {
  return events.map(({ event_id: eventId }) => eventId)
}
