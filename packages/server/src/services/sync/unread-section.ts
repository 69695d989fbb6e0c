import type { RoomUnreadCounts, UnreadCount } from '../push/unread-counts.ts'

/**
 * The members of a room's section that say what is unread there.
 * @param options.byThread count threads one by one, and the main timeline alone; else everything is one count.
 * @spec client-server-api/#get_matrixclientv3sync
 */
export function renderUnreadCounts({ main, threads }: RoomUnreadCounts, options: { byThread: boolean }): string[] {
  if (!options.byThread) return [`"unread_notifications":${render(sum([main, ...threads.values()]))}`]
  const entries = [...threads].map(([thread, count]) => `${JSON.stringify(thread)}:${render(count)}`)
  return [
    `"unread_notifications":${render(main)}`,
    ...(entries.length === 0 ? [] : [`"unread_thread_notifications":{${entries.join(',')}}`]),
  ]
}

function render({ notifications, highlights }: UnreadCount): string {
  return `{"highlight_count":${highlights},"notification_count":${notifications}}`
}

function sum(counts: readonly UnreadCount[]): UnreadCount {
  return {
    notifications: counts.reduce((total, { notifications }) => total + notifications, 0),
    highlights: counts.reduce((total, { highlights }) => total + highlights, 0),
  }
}
