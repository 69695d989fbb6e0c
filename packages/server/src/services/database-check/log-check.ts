import { changeKind } from '../../storage/change-kind.ts'
import { CHECK_PAGE } from '../../storage/check-store.ts'
import { type Checking, readableEvents } from './checking.ts'

/** Checks what the whole database shares: positions, the log, numbers, and rows of rooms that do not exist. */
export async function checkLog(deps: Checking, onProgress: (position: number) => void): Promise<void> {
  const { findings, checkStore } = deps
  const about = 'the log'
  const stream = await checkStore.streamPosition()
  const { first, last } = await checkStore.changeSpan()
  if (stream === undefined) await findings.add({ about, what: 'the stream has no position' })
  else if (last !== null && last !== stream) {
    await findings.add({ about, what: `it ends at position ${last}, the stream is at ${stream}` })
  }
  for (let start = first ?? 0; last !== null && start <= last; start += CHECK_PAGE) {
    await checkSpan(deps, start, Math.min(last, start + CHECK_PAGE - 1))
    onProgress(start)
  }
  for (const { kind, next, greatest } of await checkStore.numbers()) {
    if (next > greatest) continue
    await findings.add({ about: `numbers of kind ${kind}`, what: `${greatest} is in use, and ${next} counts as free` })
  }
  for (const { table, what, count, isDerived } of await checkStore.orphans()) {
    const finding = { about: `table ${table}`, what: `${count} rows are of ${what} that do not exist` }
    await findings.add(isDerived ? { ...finding, repair: checkStore.deleteOrphans(table) } : finding)
  }
  await checkRedactions(deps)
  await findings.flush()
}

async function checkSpan(deps: Checking, from: number, to: number): Promise<void> {
  const { findings, checkStore } = deps
  const about = 'the log'
  const positions = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  const changes = new Map((await checkStore.changesAt(positions)).map((change) => [change.position, change]))
  const refs = [...changes.values()].flatMap(({ kind, ref }) =>
    kind === changeKind.event && ref !== null ? [ref] : [],
  )
  const known = await readableEvents(deps, refs)
  for (const position of positions) {
    const change = changes.get(position)
    if (change === undefined) await findings.add({ about, what: `position ${position} is missing` })
    else if (change.kind === changeKind.event) {
      // Of history that was purged the event is gone, or has no position any more.
      const at = known.get(change.ref ?? 0)?.position ?? position
      if (at !== position) {
        await findings.add({ about, what: `position ${position} is of event number ${change.ref}, which is at ${at}` })
      }
    }
  }
}

/** Each row of `redactions` is of an event of the room. */
async function checkRedactions(deps: Checking): Promise<void> {
  const { findings, checkStore, eventRemovalStore } = deps
  for (let after = { room: 0, event: '', nid: 0 }; ; ) {
    const page = await checkStore.redactions(after)
    const last = page.at(-1)
    if (last === undefined) return
    after = { room: last.room_nid, event: last.redacts_event_id, nid: last.event_nid }
    const nids = page.map((row) => row.event_nid)
    const known = await readableEvents(deps, nids)
    for (const { room_nid: roomNid, redacts_event_id: redacts, event_nid: nid } of page) {
      if (known.get(nid)?.roomNid === roomNid) continue
      const repair = [eventRemovalStore.deleteRedaction(roomNid, redacts, nid)]
      await findings.add({
        about: 'table redactions',
        what: `event number ${nid} is to redact ${redacts}, and is not known`,
        repair,
      })
    }
  }
}
