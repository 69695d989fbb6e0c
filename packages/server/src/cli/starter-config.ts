import { stringify } from 'yaml'

/** What a fresh configuration file depends on. */
export interface StarterChoices {
  readonly serverName: string
  readonly reportStats: boolean
  /** Where the database goes; relative paths count from the folder the server is started in. */
  readonly dataDirectory: string
  readonly signingKeyPath: string
  /** Makes a secret that nobody can guess. */
  readonly createSecret: () => string
}

/** The text of a small configuration file for a new server, with secrets of its own. */
export function starterConfig(choices: StarterChoices): string {
  const { serverName, reportStats, dataDirectory, signingKeyPath, createSecret } = choices
  return `# Configuration of Magik. Every option: docs/configuration.md and docs/sample-homeserver.yaml.
# This file holds secrets: nobody but the server should be able to read it.

# The name at the end of every user ID. It cannot be changed once there are users.
${line('server_name', serverName)}

# Asked for by Synapse; Magik sends no statistics, whatever stands here.
${line('report_stats', reportStats)}

# Where clients reach the server from outside, once a reverse proxy in front of it is set up (docs/run.md).
#public_baseurl: https://matrix.example.com/

listeners:
  - port: 8008
    bind_addresses: ['127.0.0.1']
    type: http
    x_forwarded: true
    resources:
      - names: [client, federation]
        compress: true

database:
  name: sqlite3
  args:
    ${line('database', `${dataDirectory}/homeserver.db`)}

${line('signing_key_path', signingKeyPath)}

# Whoever knows it may make accounts: \`magik register-user\` reads it from here.
${line('registration_shared_secret', createSecret())}
${line('macaroon_secret_key', createSecret())}
${line('form_secret', createSecret())}

# Nobody can register by themselves unless this is on (and see docs/configuration.md first).
enable_registration: false
`
}

function line(name: string, value: string | boolean): string {
  return stringify({ [name]: value }, { lineWidth: 0, version: '1.1' }).trimEnd()
}
