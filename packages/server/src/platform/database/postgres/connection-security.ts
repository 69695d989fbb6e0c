import type { ConnectionOptions } from 'node:tls'
import { meaningOf, sqlState } from './postgres-errors.ts'
import { CONNECT_TIMEOUT_MS, type PostgresConnection, singleConnection } from './connection.ts'

/** What the two ends of a connection show each other, in PEM. */
export interface Certificates {
  /** Whose certificates are trusted; undefined: those that the system trusts. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

/** How a connection is secured, in libpq's words. */
export type SslMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

/**
 * Turns libpq's `sslmode` into what the driver takes. Where encryption is only preferred, the server is asked whether it
 * has any.
 * @see https://www.postgresql.org/docs/current/libpq-ssl.html
 */
export async function connectionSecurity(
  target: PostgresConnection,
  mode: SslMode,
  certificates: Certificates,
): Promise<false | ConnectionOptions> {
  if (mode === 'disable' || target.host?.startsWith('/') === true) return false
  const { ca, cert, key } = certificates
  const shown = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  }
  switch (mode) {
    case 'verify-full':
      return { ...shown, rejectUnauthorized: true }
    case 'verify-ca':
      return { ...shown, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    case 'require':
      // As libpq does: whoever names authorities wants them to be asked.
      return ca === undefined
        ? { ...shown, rejectUnauthorized: false }
        : { ...shown, rejectUnauthorized: true, checkServerIdentity: () => undefined }
    case 'allow':
    case 'prefer': {
      const encrypted = { ...shown, rejectUnauthorized: false }
      return (await offersEncryption({ ...target, ssl: encrypted })) ? encrypted : false
    }
  }
}

/** Whether a server lets an encrypted connection be made, be it only to refuse the user on it. */
async function offersEncryption(connection: PostgresConnection): Promise<boolean> {
  const client = singleConnection(connection, { answerTimeoutMs: CONNECT_TIMEOUT_MS })
  try {
    await client.connect()
    return true
  } catch (error) {
    return sqlState(error) !== undefined && meaningOf(error) !== 'statement'
  } finally {
    await client.end().catch(() => undefined)
  }
}
