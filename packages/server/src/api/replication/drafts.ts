import { hash, timingSafeEqual } from 'node:crypto'
import { MatrixError, type RoomId } from '@magik/protocol'
import type { HttpServer } from '../../platform/http/http-server.ts'
import { parseBody, readBody } from '../../platform/http/read-body.ts'
import type { EventDraft, SentEvent } from '../../services/events/event-draft.ts'
import { readDraft, writeOutcome } from '../../services/replicas/draft-message.ts'

/** Where a replica takes the drafts of others. */
export const DRAFTS_PATH = '/_magik/replication/v1/drafts'

/** Largest request. */
const MAX_BODY_BYTES = 1024 * 1024

/** What the route asks for. */
export interface DraftsRouteDeps {
  readonly secret: string
  /** Sends a draft here, whichever replica its room prefers. */
  readonly send: (roomId: RoomId, draft: EventDraft) => Promise<SentEvent>
  /** Recognises other parts' errors that are the caller's fault. */
  readonly asRefusal: (error: unknown) => MatrixError | undefined
}

/**
 * Adds the route by which other replicas have drafts sent here. It answers 200 with the event, or with the error that
 * the draft's sender is to be told; every other status is about the request between the replicas.
 */
export function addDraftsRoute(server: HttpServer, { secret, send, asRefusal }: DraftsRouteDeps): void {
  const outcomeOf = async (roomId: RoomId, draft: EventDraft): Promise<SentEvent | MatrixError> => {
    try {
      return await send(roomId, draft)
    } catch (error) {
      const refusal = error instanceof MatrixError ? error : asRefusal(error)
      if (refusal === undefined) throw error
      return refusal
    }
  }
  server.addRoute({
    method: 'POST',
    paths: [DRAFTS_PATH],
    resources: ['replication'],
    name: 'replicationDrafts',
    async serve(request) {
      if (!isSame(request.headers.authorization ?? '', `Bearer ${secret}`)) {
        throw new MatrixError('M_MISSING_TOKEN', 'Not a replica of this server')
      }
      const { roomId, draft } = readDraft(parseBody(await readBody(request.raw, MAX_BODY_BYTES)))
      return writeOutcome(await outcomeOf(roomId, draft))
    },
  })
}

/** Compares in a time that tells nothing of where the two differ. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'))
}
