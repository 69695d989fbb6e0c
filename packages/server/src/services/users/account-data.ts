import {
  isJsonObject,
  type JsonObject,
  MatrixError,
  parseJsonText,
  type RoomId,
  stringifyJson,
  type UserId,
} from '@magik/protocol'
import { position } from '../../platform/database/query.ts'
import { type AccountDataStore, GLOBAL_ACCOUNT_DATA } from '../../storage/account-data-store.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { Requester } from '../auth/requester.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { PushRules } from '../push/push-rules.ts'

/** One piece of account data: of a user, global or of a room, by type. */
export interface AccountDataKey {
  readonly userId: UserId
  /** Undefined: global. */
  readonly roomId: RoomId | undefined
  readonly type: string
}

/** What `AccountData` stands on. */
export interface AccountDataDeps {
  readonly changeLog: ChangeLog
  readonly store: AccountDataStore
  readonly rooms: Pick<RoomStore, 'find'>
  readonly pushRules: PushRules
}

/** Types this server sets itself, each through an API of its own. */
const SERVER_TYPES: ReadonlySet<string> = new Set(['m.fully_read', 'm.push_rules'])

/** What users keep here for their clients. @spec client-server-api/#client-config */
export class AccountData {
  readonly #deps: AccountDataDeps

  constructor(deps: AccountDataDeps) {
    this.#deps = deps
  }

  /** @throws MatrixError M_FORBIDDEN for another user's; M_NOT_FOUND. */
  async get(requester: Requester, { userId, roomId, type }: AccountDataKey): Promise<JsonObject> {
    if (requester.userId !== userId)
      throw new MatrixError('M_FORBIDDEN', "You may not read another user's account data")
    if (roomId === undefined && type === 'm.push_rules') return { global: await this.#deps.pushRules.of(requester) }
    const roomNid = roomId === undefined ? GLOBAL_ACCOUNT_DATA : (await this.#deps.rooms.find(roomId))?.roomNid
    const content = roomNid === undefined ? undefined : await this.find(requester.userNid, roomNid, type)
    if (content === undefined) throw new MatrixError('M_NOT_FOUND', 'Account data not found')
    return content
  }

  /** @throws MatrixError M_FORBIDDEN for another user's; M_BAD_JSON (405) for types the server sets; M_NOT_FOUND. */
  async set(requester: Requester, { userId, roomId, type }: AccountDataKey, content: JsonObject): Promise<void> {
    if (requester.userId !== userId) {
      throw new MatrixError('M_FORBIDDEN', "You may not change another user's account data")
    }
    if (SERVER_TYPES.has(type)) {
      throw new MatrixError('M_BAD_JSON', `Cannot set ${type} through this API`, { status: 405 })
    }
    const roomNid = roomId === undefined ? GLOBAL_ACCOUNT_DATA : (await this.#deps.rooms.find(roomId))?.roomNid
    if (roomNid === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown room')
    await this.write(requester.userNid, roomNid, type, content)
  }

  /** What is kept under a type, for whoever it is. */
  async find(userNid: number, roomNid: number, type: string): Promise<JsonObject | undefined> {
    const text = await this.#deps.store.find(userNid, roomNid, type)
    if (text === undefined) return undefined
    const content = parseJsonText(text)
    if (!isJsonObject(content)) throw new Error('account data is something other than a JSON object')
    return content
  }

  /** Sets what is kept under a type, be it one that only the server sets. */
  async write(userNid: number, roomNid: number, type: string, content: JsonObject): Promise<void> {
    const { changeLog, store } = this.#deps
    await changeLog.append({
      statements: [store.upsert({ userNid, roomNid, type, content: stringifyJson(content), position: position(0) })],
      changes: [{ kind: changeKind.accountData, userNid, ...(roomNid !== GLOBAL_ACCOUNT_DATA && { roomNid }) }],
    })
  }
}
