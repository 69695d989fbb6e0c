import { isJsonObject, JsonError, type JsonObject, MatrixError, parseJsonText } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { Requester } from '../auth/requester.ts'
import type { Filters } from '../users/filters.ts'
import { NO_SYNC_FILTER, parseSyncFilter, type SyncFilter } from './sync-filter.ts'

/** Parsed filters kept: clients name the same one in every request. */
const CACHED_FILTERS = 2_000

/** Longest inline filter that is kept. */
const MAX_CACHED_LENGTH = 4_096

/** Finds the filter that a client names in `/sync`: by its ID, or written out. @spec client-server-api/#filtering */
export class SyncFilters {
  readonly #filters: Filters
  readonly #cache = new LRUCache<string, SyncFilter>({ max: CACHED_FILTERS })

  constructor(deps: { readonly filters: Filters }) {
    this.#filters = deps.filters
  }

  /**
   * @param text the request's `filter`; undefined lets everything through.
   * @throws MatrixError M_INVALID_PARAM if there is no such filter; M_NOT_JSON or M_BAD_JSON if it is malformed.
   */
  async find(requester: Requester, text: string | undefined): Promise<SyncFilter> {
    if (text === undefined || text === '') return NO_SYNC_FILTER
    const isInline = text.startsWith('{')
    const key = isInline ? text : `${requester.userNid}/${text}`
    const cached = this.#cache.get(key)
    if (cached !== undefined) return cached
    const filter = parseSyncFilter(isInline ? parseFilterText(text) : await this.#uploaded(requester, text))
    if (text.length <= MAX_CACHED_LENGTH) this.#cache.set(key, filter)
    return filter
  }

  async #uploaded(requester: Requester, filterId: string): Promise<JsonObject> {
    try {
      return await this.#filters.get(requester, requester.userId, filterId)
    } catch (error) {
      if (!(error instanceof MatrixError) || error.errcode !== 'M_NOT_FOUND') throw error
      throw new MatrixError('M_INVALID_PARAM', error.message, { cause: error })
    }
  }
}

/**
 * Reads a filter that is part of a URL.
 * @throws MatrixError M_NOT_JSON; M_BAD_JSON if it is no object.
 */
export function parseFilterText(text: string): JsonObject {
  const filter = parsed(text)
  if (!isJsonObject(filter)) throw new MatrixError('M_BAD_JSON', 'The filter must be a JSON object')
  return filter
}

function parsed(text: string) {
  try {
    return parseJsonText(text)
  } catch (error) {
    if (error instanceof JsonError) throw new MatrixError('M_NOT_JSON', 'The filter is not JSON', { cause: error })
    throw error
  }
}
