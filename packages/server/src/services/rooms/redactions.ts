import { type EventId, type JsonObject, MatrixError, type RoomId } from '@magik/protocol'
import type { Requester } from '../auth/requester.ts'
import { refuseSuspended } from '../auth/suspension.ts'
import type { SentEvent } from '../events/event-draft.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { EventSender } from '../events/event-sender.ts'
import type { RoomView } from '../events/room-view.ts'
import type { Rooms } from './rooms.ts'

/** Events that keep a room together: without their content it would be open to whom it shuts out, or to nobody. */
const NEVER_REDACTED: ReadonlySet<string> = new Set(['m.room.create', 'm.room.server_acl'])

/** A redaction asked for. */
export interface RedactionRequest {
  readonly roomId: RoomId
  readonly requester: Requester
  /** The event to redact. */
  readonly eventId: EventId
  /** Of the redaction: its reason, for instance. */
  readonly content: JsonObject
  readonly transaction: { readonly deviceId: string; readonly id: string }
}

/** What redacting stands on. */
export interface RedactionsDeps {
  readonly sender: EventSender
  readonly rooms: Rooms
  readonly events: EventReader
}

/** Redacts events: one's own, and others' where one has the power to. @spec client-server-api/#redactions */
export class Redactions {
  readonly #deps: RedactionsDeps

  constructor(deps: RedactionsDeps) {
    this.#deps = deps
  }

  /** @throws MatrixError M_NOT_FOUND if the room holds no such event; M_FORBIDDEN; and as `EventSender.send` */
  async redact(request: RedactionRequest): Promise<SentEvent> {
    const { roomId, requester, eventId, transaction } = request
    const room = await this.#deps.rooms.find(roomId)
    if (room === undefined || (await room.membership(requester.userId)) !== 'join') {
      throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
    }
    await this.#check(room, requester, eventId)
    const { redacts: _elsewhere, ...content } = request.content
    return this.#deps.sender.send(roomId, {
      type: 'm.room.redaction',
      content,
      sender: requester.userId,
      redacts: eventId,
      transaction,
    })
  }

  async #check(room: RoomView, requester: Requester, eventId: EventId): Promise<void> {
    const target = await this.#deps.events.findById(eventId)
    if (target === undefined || target.roomNid !== room.roomNid) {
      throw new MatrixError('M_NOT_FOUND', 'The room holds no such event')
    }
    if (NEVER_REDACTED.has(target.type)) {
      throw new MatrixError('M_FORBIDDEN', `Events of the type ${target.type} may not be redacted`)
    }
    if (target.sender === requester.userId) return
    // The authorisation rules let any redaction pass; what it may do to others' events is for each server to decide.
    refuseSuspended(requester)
    const power = await room.powerLevels()
    if (power.ofUser(requester.userId) < power.forAction('redact')) {
      throw new MatrixError('M_FORBIDDEN', 'You may not redact the events of others in this room')
    }
  }
}
