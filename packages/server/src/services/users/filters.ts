import { hash } from 'node:crypto'
import { canonicalJson, isJsonObject, type JsonObject, MatrixError, parseJsonText, type UserId } from '@magik/protocol'
import type { Database } from '../../platform/database/database.ts'
import type { FilterStore } from '../../storage/filter-store.ts'
import type { Schema } from '../../storage/schema.ts'
import type { Requester } from '../auth/requester.ts'
import { parseSyncFilter } from '../sync/sync-filter.ts'

/** What `Filters` stands on. */
export interface FiltersDeps {
  readonly database: Database<Schema>
  readonly filters: FilterStore
}

/** Filters that users upload once and then name. The same filter gets the same ID. @spec client-server-api/#filtering */
export class Filters {
  readonly #deps: FiltersDeps

  constructor(deps: FiltersDeps) {
    this.#deps = deps
  }

  /** @returns the filter's ID. @throws MatrixError M_FORBIDDEN for another user; M_BAD_JSON if it is no filter. */
  async define(requester: Requester, userId: UserId, filter: JsonObject): Promise<string> {
    if (requester.userId !== userId) throw new MatrixError('M_FORBIDDEN', 'You may not make filters for another user')
    parseSyncFilter(filter)
    const { database, filters } = this.#deps
    const { userNid } = requester
    const json = canonicalJson(filter, { lossless: true })
    const digest = hash('sha256', json, 'buffer')
    const known = await filters.findByDigest(userNid, digest)
    if (known !== undefined) return String(known)
    await database.write({ statements: [filters.insert({ userNid, digest, json })] })
    const filterId = await filters.findByDigest(userNid, digest)
    if (filterId === undefined) throw new Error('a filter just stored is not there')
    return String(filterId)
  }

  /** @throws MatrixError M_FORBIDDEN for another user; M_NOT_FOUND */
  async get(requester: Requester, userId: UserId, filterId: string): Promise<JsonObject> {
    if (requester.userId !== userId) throw new MatrixError('M_FORBIDDEN', "You may not read another user's filters")
    const number = /^[0-9]{1,15}$/.test(filterId) ? Number(filterId) : undefined
    const json = number === undefined ? undefined : await this.#deps.filters.find(requester.userNid, number)
    if (json === undefined) throw new MatrixError('M_NOT_FOUND', 'No such filter')
    const filter = parseJsonText(json)
    if (!isJsonObject(filter)) throw new Error('a filter is something other than a JSON object')
    return filter
  }
}
