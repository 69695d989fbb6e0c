import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A user's global profile. */
export interface ProfileRow {
  readonly displayname: string | undefined
  readonly avatarUrl: string | undefined
  /** JSON object of all other fields. */
  readonly fields: string
  /** One more per change. */
  readonly version: number
}

/** The global profiles of this server's users. */
export class ProfileStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert
  readonly #update

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ userNid: number }>()((q, p) =>
      q
        .selectFrom('profiles')
        .select(['displayname', 'avatar_url', 'fields', 'version'])
        .where('user_nid', '=', p.userNid),
    )
    this.#insert = database.query<{ userNid: number; displayname: string | null; avatarUrl: string | null }>()((q, p) =>
      q
        .insertInto('profiles')
        .values({ user_nid: p.userNid, displayname: p.displayname, avatar_url: p.avatarUrl })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#update = database.query<{
      userNid: number
      displayname: string | null
      avatarUrl: string | null
      fields: string
      version: number
      expectedVersion: number
    }>()((q, p) =>
      q
        .updateTable('profiles')
        .set({ displayname: p.displayname, avatar_url: p.avatarUrl, fields: p.fields, version: p.version })
        .where('user_nid', '=', p.userNid)
        .where('version', '=', p.expectedVersion),
    )
  }

  /** A user's profile. */
  async find(userNid: number): Promise<ProfileRow | undefined> {
    const row = await this.#database.first(this.#find, { userNid })
    return (
      row && {
        displayname: row.displayname ?? undefined,
        avatarUrl: row.avatar_url ?? undefined,
        fields: row.fields,
        version: row.version,
      }
    )
  }

  /** Gives a user a profile; one that is there stays. */
  insert(userNid: number, displayname: string | undefined): BoundWrite {
    return bind(this.#insert, { userNid, displayname: displayname ?? null, avatarUrl: null })
  }

  /**
   * Replaces a profile that was read at `profile.version`; refused under the guard `profile` when it has changed since.
   */
  update(userNid: number, profile: ProfileRow): BoundWrite {
    return bind(
      this.#update,
      {
        userNid,
        displayname: profile.displayname ?? null,
        avatarUrl: profile.avatarUrl ?? null,
        fields: profile.fields,
        version: profile.version + 1,
        expectedVersion: profile.version,
      },
      { guard: 'profile' },
    )
  }
}
