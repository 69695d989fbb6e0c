import type { UserId } from '@magik/protocol'
import type { AccountDataRow } from '../../storage/account-data-store.ts'
import { matchesEvent } from './room-event-matcher.ts'
import type { EventFilter } from './sync-filter.ts'

/** Account data as the events of a sync section, without the brackets around them. */
export function renderAccountData(rows: readonly AccountDataRow[], filter: EventFilter, owner: UserId): string {
  return rows
    .filter(({ type }) => matchesEvent(filter, { type, sender: owner }))
    .map(({ type, content }) => `{"type":${JSON.stringify(type)},"content":${content}}`)
    .join(',')
}
