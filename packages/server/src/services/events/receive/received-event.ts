import type { EventId } from '@magik/protocol'
import type { EventStatus } from '../../../storage/stored-event.ts'

/**
 * What became of an event from another server. `missing`: it cannot be judged before these events are known here.
 * `unresolved`: it would join or make forks so far apart that resolving their states is too much work; it is not stored.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export type Receipt =
  | {
      readonly kind: 'stored'
      readonly status: EventStatus
      /** The rule that refused it. */
      readonly reason: string | undefined
    }
  | { readonly kind: 'duplicate'; readonly status: EventStatus }
  | { readonly kind: 'missing'; readonly prevEvents: readonly EventId[]; readonly authEvents: readonly EventId[] }
  | { readonly kind: 'unresolved' }
