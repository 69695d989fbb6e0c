import type { Pdu } from '../event/pdu.ts'
import type { EventId, RoomId } from '../identifiers.ts'
import { PowerLevels } from '../power-levels.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { AuthState } from './auth-state.ts'

/** An event put before the authorisation rules. A draft has no ID yet; only room versions 1 and 2 ask for it. */
export interface EventToAuthorise {
  readonly eventId?: EventId
  readonly roomId: RoomId
  readonly pdu: Pdu
}

/** One event under check, with what the rules ask of its room's state. Nothing is looked up before a rule asks. */
export class AuthCheck {
  readonly event: EventToAuthorise
  readonly pdu: Pdu
  readonly state: AuthState
  readonly create: Pdu
  readonly version: RoomVersion
  #powerLevels: PowerLevels | undefined

  constructor(event: EventToAuthorise, state: AuthState, create: Pdu, version: RoomVersion) {
    this.event = event
    this.pdu = event.pdu
    this.state = state
    this.create = create
    this.version = version
  }

  /** The room's power levels before the event. */
  get powerLevels(): PowerLevels {
    this.#powerLevels ??= PowerLevels.from(this.state('m.room.power_levels', '')?.content, this.create, this.version)
    return this.#powerLevels
  }

  /** The sender's power level before the event. */
  get senderLevel(): number {
    return this.powerLevels.ofUser(this.pdu.sender)
  }

  /** A user's membership before the event; `leave` if the user was never in the room. */
  membershipOf(userId: string): string {
    const membership = this.state('m.room.member', userId)?.content.membership
    return typeof membership === 'string' ? membership : 'leave'
  }

  /** The room's join rule before the event; `invite` if it has none. */
  get joinRule(): string {
    const rule = this.state('m.room.join_rules', '')?.content.join_rule
    return typeof rule === 'string' ? rule : 'invite'
  }
}
