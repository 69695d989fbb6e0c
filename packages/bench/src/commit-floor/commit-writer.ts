import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { LoggedEvent } from './commit-log.ts'

/** The writer thread: commits each list of events it is sent, and says so. */
const database = new DatabaseSync(String(workerData))
database.exec('PRAGMA synchronous = FULL')
const insert = database.prepare('INSERT INTO events (room_id, event_id, json) VALUES (?, ?, ?)')

parentPort?.on('message', (events: readonly LoggedEvent[]) => {
  database.exec('BEGIN IMMEDIATE')
  for (const { roomId, eventId, json } of events) insert.run(roomId, eventId, json)
  database.exec('COMMIT')
  parentPort?.postMessage('committed')
})
