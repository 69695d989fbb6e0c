import { createHmac } from 'node:crypto'
import { Client } from './client.ts'
import type { Transport } from './transport.ts'
import { type Credentials, User } from './user.ts'

/** Registers an administrator by the shared secret of test servers. */
export async function registerAdmin(transport: Transport, username = 'admin'): Promise<User> {
  const anybody = new Client(transport)
  const password = `${username}'s secret`
  const { nonce } = await anybody.get<{ nonce: string }>('/_synapse/admin/v1/register')
  const mac = createHmac('sha1', 'shared secret').update([nonce, username, password, 'admin'].join('\0')).digest('hex')
  const body = { nonce, username, password, admin: true, mac }
  return new User(transport, await anybody.post<Credentials>('/_synapse/admin/v1/register', body))
}
