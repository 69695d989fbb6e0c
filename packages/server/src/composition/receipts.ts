import { ReadMarkers } from '../services/rooms/read-markers.ts'
import { Receipts } from '../services/rooms/receipts.ts'
import type { createAccounts } from './accounts.ts'
import type { Core } from './core.ts'
import type { Foundations } from './foundations.ts'
import type { Stores } from './stores.ts'
import type { createSync } from './sync.ts'

/** What users have read. */
export function createReceipts(
  { clock }: Foundations,
  stores: Stores,
  core: Core,
  parts: Pick<ReturnType<typeof createSync>, 'unreadCounts'> & Pick<ReturnType<typeof createAccounts>, 'accountData'>,
) {
  const receipts = new Receipts({
    ...core,
    ...stores,
    changeLog: core.log,
    clock,
    onRead: (userNid, roomNid, thread, position) => parts.unreadCounts.onRead(userNid, roomNid, thread, position),
  })
  return { receipts, readMarkers: new ReadMarkers({ ...core, accountData: parts.accountData, receipts }) }
}
