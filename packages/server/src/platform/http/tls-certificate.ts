import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'

/** Where certificate and key are. */
export interface TlsPaths {
  /** PEM: the certificate, then those of the authorities between it and a known one. */
  readonly certificatePath: string
  /** PEM. */
  readonly privateKeyPath: string
}

/** A certificate and its key, as Node's TLS takes them. */
export interface TlsCertificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/**
 * Reads certificate and key.
 * @throws Error if a file cannot be read, is not PEM, or the two do not belong together.
 */
export async function readTlsCertificate({ certificatePath, privateKeyPath }: TlsPaths): Promise<TlsCertificate> {
  const [cert, key] = await Promise.all([readFile(certificatePath), readFile(privateKeyPath)])
  try {
    createSecureContext({ cert, key })
  } catch (error) {
    throw new Error(`${certificatePath} and ${privateKeyPath} are no certificate and key that belong together`, {
      cause: error,
    })
  }
  return { cert, key }
}
