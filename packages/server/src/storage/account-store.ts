import { sql } from 'kysely'
import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** An account of this server. */
export interface Account {
  readonly userNid: number
  /** Argon2id as a PHC string, or bcrypt; undefined: no password. */
  readonly passwordHash: string | undefined
  readonly createdTs: number
  readonly isAdmin: boolean
  readonly isGuest: boolean
  readonly isDeactivated: boolean
  readonly isLocked: boolean
  readonly isSuspended: boolean
  /** Undefined: a person. */
  readonly userType: string | undefined
}

/** An account about to be made. */
export interface NewAccount {
  readonly userNid: number
  readonly passwordHash: string | undefined
  readonly createdTs: number
  readonly isAdmin: boolean
  readonly isGuest: boolean
  readonly userType: string | undefined
}

/** The accounts of this server. */
export class AccountStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #any
  readonly #insert
  readonly #setPasswordHash
  readonly #replacePasswordHash
  readonly #setFlags

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ userNid: number }>()((q, p) =>
      q.selectFrom('accounts').selectAll().where('user_nid', '=', p.userNid),
    )
    this.#any = database.query()((q) => q.selectFrom('accounts').select('user_nid').limit(1))
    this.#insert = database.query<{
      userNid: number
      passwordHash: string | null
      createdTs: number
      isAdmin: number
      isGuest: number
      userType: string | null
    }>()((q, p) =>
      q
        .insertInto('accounts')
        .values({
          user_nid: p.userNid,
          password_hash: p.passwordHash,
          created_ts: p.createdTs,
          is_admin: p.isAdmin,
          is_guest: p.isGuest,
          user_type: p.userType,
        })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#setPasswordHash = database.query<{ userNid: number; passwordHash: string | null }>()((q, p) =>
      q.updateTable('accounts').set({ password_hash: p.passwordHash }).where('user_nid', '=', p.userNid),
    )
    this.#replacePasswordHash = database.query<{ userNid: number; expected: string; passwordHash: string }>()((q, p) =>
      q
        .updateTable('accounts')
        .set({ password_hash: p.passwordHash })
        .where('user_nid', '=', p.userNid)
        .where('password_hash', '=', p.expected),
    )
    this.#setFlags = database.query<{
      userNid: number
      isAdmin: number | null
      isDeactivated: number | null
      isLocked: number | null
      isSuspended: number | null
    }>()((q, p) =>
      q
        .updateTable('accounts')
        .set({
          is_admin: sql<number>`coalesce(${p.isAdmin}, is_admin)`,
          is_deactivated: sql<number>`coalesce(${p.isDeactivated}, is_deactivated)`,
          is_locked: sql<number>`coalesce(${p.isLocked}, is_locked)`,
          is_suspended: sql<number>`coalesce(${p.isSuspended}, is_suspended)`,
        })
        .where('user_nid', '=', p.userNid),
    )
  }

  /** The account of a user of this server. */
  async find(userNid: number): Promise<Account | undefined> {
    const row = await this.#database.first(this.#find, { userNid })
    return (
      row && {
        userNid: row.user_nid,
        passwordHash: row.password_hash ?? undefined,
        createdTs: row.created_ts,
        isAdmin: row.is_admin === 1,
        isGuest: row.is_guest === 1,
        isDeactivated: row.is_deactivated === 1,
        isLocked: row.is_locked === 1,
        isSuspended: row.is_suspended === 1,
        userType: row.user_type ?? undefined,
      }
    )
  }

  /** Whether this server has any account yet. */
  async hasAny(): Promise<boolean> {
    return (await this.#database.first(this.#any, {})) !== undefined
  }

  /** Makes an account; refused under the guard `account` when the user has one. */
  insert(account: NewAccount): BoundWrite {
    const { userNid, passwordHash, createdTs, isAdmin, isGuest, userType } = account
    return bind(
      this.#insert,
      {
        userNid,
        passwordHash: passwordHash ?? null,
        createdTs,
        isAdmin: isAdmin ? 1 : 0,
        isGuest: isGuest ? 1 : 0,
        userType: userType ?? null,
      },
      { guard: 'account' },
    )
  }

  /** Gives an account another password, or none; refused under the guard `account` when there is no such account. */
  setPasswordHash(userNid: number, passwordHash: string | undefined): BoundWrite {
    return bind(this.#setPasswordHash, { userNid, passwordHash: passwordHash ?? null }, { guard: 'account' })
  }

  /** Stores the same password hashed anew, unless it has been changed meanwhile. */
  replacePasswordHash(userNid: number, expected: string, passwordHash: string): BoundWrite {
    return bind(this.#replacePasswordHash, { userNid, expected, passwordHash })
  }

  /** Changes the named flags; refused under the guard `account` when there is no such account. */
  setFlags(
    userNid: number,
    flags: {
      readonly isAdmin?: boolean
      readonly isDeactivated?: boolean
      readonly isLocked?: boolean
      readonly isSuspended?: boolean
    },
  ): BoundWrite {
    return bind(
      this.#setFlags,
      {
        userNid,
        isAdmin: toColumn(flags.isAdmin),
        isDeactivated: toColumn(flags.isDeactivated),
        isLocked: toColumn(flags.isLocked),
        isSuspended: toColumn(flags.isSuspended),
      },
      { guard: 'account' },
    )
  }
}

function toColumn(flag: boolean | undefined): number | null {
  return flag === undefined ? null : flag ? 1 : 0
}
