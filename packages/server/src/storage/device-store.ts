import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A device that a user has signed in on. */
export interface Device {
  readonly deviceId: string
  readonly displayName: string | undefined
  readonly lastSeenTs: number | undefined
  readonly lastSeenIp: string | undefined
}

/** When and from where a device was last heard of. */
export interface DeviceSighting {
  readonly userNid: number
  readonly deviceId: string
  readonly ts: number
  readonly ip: string | undefined
  readonly userAgent: string | undefined
}

/** The devices of this server's users. */
export class DeviceStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #ofUser
  readonly #insert
  readonly #rename
  readonly #saw
  readonly #remove
  readonly #removeAll

  constructor(database: Database<Schema>) {
    this.#database = database
    const columns = ['device_id', 'display_name', 'last_seen_ts', 'last_seen_ip'] as const
    this.#find = database.query<{ userNid: number; deviceId: string }>()((q, p) =>
      q.selectFrom('devices').select(columns).where('user_nid', '=', p.userNid).where('device_id', '=', p.deviceId),
    )
    this.#ofUser = database.query<{ userNid: number }>({ scan: true })((q, p) =>
      q.selectFrom('devices').select(columns).where('user_nid', '=', p.userNid).orderBy('device_id'),
    )
    this.#insert = database.query<{
      userNid: number
      deviceId: string
      displayName: string | null
      createdTs: number
    }>()((q, p) =>
      q
        .insertInto('devices')
        .values({
          user_nid: p.userNid,
          device_id: p.deviceId,
          display_name: p.displayName,
          created_ts: p.createdTs,
        })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#rename = database.query<{ userNid: number; deviceId: string; displayName: string | null }>()((q, p) =>
      q
        .updateTable('devices')
        .set({ display_name: p.displayName })
        .where('user_nid', '=', p.userNid)
        .where('device_id', '=', p.deviceId),
    )
    this.#saw = database.query<{
      userNid: number
      deviceId: string
      ts: number
      ip: string | null
      userAgent: string | null
    }>()((q, p) =>
      q
        .updateTable('devices')
        .set({ last_seen_ts: p.ts, last_seen_ip: p.ip, last_seen_user_agent: p.userAgent })
        .where('user_nid', '=', p.userNid)
        .where('device_id', '=', p.deviceId),
    )
    this.#remove = database.query<{ userNid: number; deviceId: string }>()((q, p) =>
      q.deleteFrom('devices').where('user_nid', '=', p.userNid).where('device_id', '=', p.deviceId),
    )
    this.#removeAll = database.query<{ userNid: number }>()((q, p) =>
      q.deleteFrom('devices').where('user_nid', '=', p.userNid),
    )
  }

  /** One device of a user. */
  async find(userNid: number, deviceId: string): Promise<Device | undefined> {
    const row = await this.#database.first(this.#find, { userNid, deviceId })
    return row && toDevice(row)
  }

  /** Every device of a user, by ID. Nothing bounds how often an account is signed in, so this is a scan. */
  async ofUser(userNid: number): Promise<Device[]> {
    const rows = await this.#database.scan(this.#ofUser, { userNid })
    return rows.map(toDevice)
  }

  /** Adds a device; one that is there already keeps its name. */
  insert(device: {
    readonly userNid: number
    readonly deviceId: string
    readonly displayName: string | undefined
    readonly createdTs: number
  }): BoundWrite {
    return bind(this.#insert, { ...device, displayName: device.displayName ?? null })
  }

  /** Renames a device; refused under the guard `device` when there is none. */
  rename(userNid: number, deviceId: string, displayName: string | undefined): BoundWrite {
    return bind(this.#rename, { userNid, deviceId, displayName: displayName ?? null }, { guard: 'device' })
  }

  /** Records when a device was last heard of; nothing happens if it is gone. */
  saw({ userNid, deviceId, ts, ip, userAgent }: DeviceSighting): BoundWrite {
    return bind(this.#saw, { userNid, deviceId, ts, ip: ip ?? null, userAgent: userAgent ?? null })
  }

  /** Removes a device; refused under the guard `device` when there is none. */
  remove(userNid: number, deviceId: string): BoundWrite {
    return bind(this.#remove, { userNid, deviceId }, { guard: 'device' })
  }

  /** Removes every device of a user. */
  removeAll(userNid: number): BoundWrite {
    return bind(this.#removeAll, { userNid })
  }
}

function toDevice(row: {
  device_id: string
  display_name: string | null
  last_seen_ts: number | null
  last_seen_ip: string | null
}): Device {
  return {
    deviceId: row.device_id,
    displayName: row.display_name ?? undefined,
    lastSeenTs: row.last_seen_ts ?? undefined,
    lastSeenIp: row.last_seen_ip ?? undefined,
  }
}
