import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'

const UNLIMITED = { per_second: 1_000_000, burst_count: 1_000_000 }

export interface HomeserverConfigOptions {
  readonly port: number
  /** The folder of the database, keys and media; absolute. */
  readonly folder: string
  readonly sharedSecret: string
}

/**
 * Writes all that a server with Synapse's options needs before its first start: configuration, signing key, folders.
 * @returns the path of the `homeserver.yaml`.
 */
export async function writeHomeserverFolder(options: HomeserverConfigOptions): Promise<string> {
  const { folder } = options
  const seed = randomBytes(32).toString('base64').replaceAll('=', '')
  await mkdir(`${folder}/media`)
  await writeFile(`${folder}/signing.key`, `ed25519 a_bench ${seed}\n`)
  await writeFile(`${folder}/log.yaml`, logConfig())
  await writeFile(`${folder}/homeserver.yaml`, homeserverConfig(options))
  return `${folder}/homeserver.yaml`
}

/**
 * The settings under which servers are compared, under Synapse's option names, as the text of a `homeserver.yaml`. It is
 * written as JSON, which every YAML reader takes.
 */
export function homeserverConfig({ port, folder, sharedSecret }: HomeserverConfigOptions): string {
  const config = {
    server_name: 'bench.localhost',
    listeners: [
      {
        port,
        type: 'http',
        tls: false,
        bind_addresses: ['127.0.0.1'],
        resources: [{ names: ['client'], compress: false }],
      },
    ],
    database: { name: 'sqlite3', args: { database: `${folder}/homeserver.db` } },
    signing_key_path: `${folder}/signing.key`,
    media_store_path: `${folder}/media`,
    log_config: `${folder}/log.yaml`,
    enable_registration: true,
    enable_registration_without_verification: true,
    registration_shared_secret: sharedSecret,
    bcrypt_rounds: 4,
    report_stats: false,
    presence: { enabled: false },
    federation_domain_whitelist: [],
    trusted_key_servers: [],
    rc_message: UNLIMITED,
    rc_registration: UNLIMITED,
    rc_registration_token_validity: UNLIMITED,
    rc_login: { address: UNLIMITED, account: UNLIMITED, failed_attempts: UNLIMITED },
    rc_admin_redaction: UNLIMITED,
    rc_joins: { local: UNLIMITED, remote: UNLIMITED },
    rc_joins_per_room: UNLIMITED,
    rc_invites: { per_room: UNLIMITED, per_user: UNLIMITED, per_issuer: UNLIMITED },
    rc_room_creation: UNLIMITED,
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}

/** A Python logging configuration that writes warnings to the standard error stream. */
export function logConfig(): string {
  const config = {
    version: 1,
    formatters: { plain: { format: '%(asctime)s %(levelname)s %(name)s %(message)s' } },
    handlers: { console: { class: 'logging.StreamHandler', formatter: 'plain' } },
    root: { level: 'WARNING', handlers: ['console'] },
    disable_existing_loggers: false,
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}
