import type { EventId, RoomEvent } from '@magik/protocol'
import type { EventStatus } from '../../../storage/stored-event.ts'

/**
 * What became of an event from another server. `missing`: it cannot be judged before these events are known here.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export type Receipt =
  | { readonly kind: 'stored'; readonly status: EventStatus; readonly reason: string | undefined }
  | { readonly kind: 'duplicate'; readonly status: EventStatus }
  | {
      readonly kind: 'missing'
      readonly prevEvents: readonly EventId[]
      readonly authEvents: readonly EventId[]
    }

/** The state of a room before an event whose `prev_events` cannot be had, as another server tells it. */
export interface ToldState {
  /** The state events. */
  readonly state: readonly RoomEvent[]
  /** All that their auth chains hold besides. */
  readonly authChain: readonly RoomEvent[]
}
