import { describe, expect, test } from 'vitest'
import { cacheBytes, ConfigError, type ConfigFiles, type ConfigSources, configFromObject, loadConfig } from './index.ts'

/** Loads configuration files that are only in memory. */
function load(texts: string | Readonly<Record<string, string>>, options: Partial<ConfigSources> = {}) {
  const contents = typeof texts === 'string' ? { '/etc/magik/homeserver.yaml': texts } : texts
  return loadConfig({ paths: Object.keys(contents), cwd: '/srv', files: memoryFiles(contents), ...options })
}

function memoryFiles(texts: Readonly<Record<string, string>>): ConfigFiles {
  return {
    readFile(path) {
      const text = texts[path]
      if (text === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' })
      return new TextEncoder().encode(text)
    },
    listFolder(path) {
      const inside = Object.keys(texts).filter((name) => name.startsWith(`${path}/`))
      return inside.length > 0 ? inside.map((name) => name.slice(path.length + 1)) : undefined
    },
  }
}

/** What is wrong with a configuration. */
function complaint(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('the configuration was accepted')
}

const MINIMAL = 'server_name: example.com\nreport_stats: no\n'

describe('defaults', () => {
  test('everything but server_name has one', () => {
    const config = configFromObject({ server_name: 'example.com' }, { cwd: '/srv' })
    expect(config).toMatchObject({
      default_room_version: '12',
      enable_registration: false,
      allow_guest_access: false,
      refreshable_access_token_lifetime: 300_000,
      nonrefreshable_access_token_lifetime: null,
      key_refresh_interval: 86_400_000,
      user_ips_max_age: 28 * 86_400_000,
      signing_key_path: '/srv/example.com.signing.key',
      password_config: { enabled: true, pepper: '', policy: { enabled: false, minimum_length: 0 } },
      rc_login: { failed_attempts: { per_second: 0.17, burst_count: 3 } },
      listeners: [{ port: 8008, bind_addresses: ['127.0.0.1'], resources: [{ names: ['client', 'federation'] }] }],
    })
    expect(config.database.args.database).toBe('/srv/data/homeserver.db')
  })

  test('the configuration cannot be changed', () => {
    const config = configFromObject({ server_name: 'example.com' })
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.listeners[0])).toBe(true)
  })

  test('server_name and report_stats are mandatory in a file', () => {
    const message = complaint(() => load('x-nothing: 1'))
    expect(message).toContain('server_name: is mandatory')
    expect(message).toContain('report_stats: is mandatory; expected true or false')
  })
})

describe('files', () => {
  test('a later file replaces whole top-level keys', () => {
    const { config } = load({
      '/a.yaml': `${MINIMAL}rc_message: {per_second: 5, burst_count: 7}\nfilter_timeline_limit: 3`,
      '/b.yaml': 'rc_message: {per_second: 6}',
    })
    expect(config.rc_message).toEqual({ per_second: 6, burst_count: 10 })
    expect(config.filter_timeline_limit).toBe(3)
  })

  test('a folder is every *.yaml in it, in the order of their names', () => {
    const files = memoryFiles({
      '/conf.d/20.yaml': 'filter_timeline_limit: 20',
      '/conf.d/10.yaml': `${MINIMAL}filter_timeline_limit: 10`,
      '/conf.d/99.yml': 'filter_timeline_limit: 99',
    })
    const { config } = loadConfig({ paths: ['conf.d'], cwd: '/', files })
    expect(config.filter_timeline_limit).toBe(20)
    expect(config.signing_key_path).toBe('/conf.d/example.com.signing.key')
  })

  test('an empty file is left out, with a warning', () => {
    expect(load({ '/a.yaml': MINIMAL, '/b.yaml': '' }).warnings).toEqual(['/b.yaml: left out, as it holds no options'])
  })

  test('a missing file is named', () => {
    const sources = { paths: ['/nowhere.yaml'], files: memoryFiles({}) }
    expect(complaint(() => loadConfig(sources))).toBe('cannot read /nowhere.yaml: no such file')
  })

  test('a key that stands twice is refused with its line', () => {
    expect(complaint(() => load(`${MINIMAL}pid_file: a\npid_file: b`))).toBe(
      'a key stands twice in one map (/etc/magik/homeserver.yaml:4)',
    )
  })

  test('broken YAML is refused with its line', () => {
    expect(complaint(() => load(`${MINIMAL}listeners: [`))).toMatch(/\(\/etc\/magik\/homeserver\.yaml:\d\)$/)
  })

  test('aliases may be used, but not to blow up memory', () => {
    expect(load(`${MINIMAL}x-rate: &rate {per_second: 3}\nrc_message: *rate`).config.rc_message.per_second).toBe(3)
    const bomb = Array.from({ length: 9 }, (_, level) => {
      const inside = level === 0 ? '0' : `*a${level - 1}`
      return `x-${level}: &a${level} [${Array.from({ length: 9 }, () => inside).join(', ')}]`
    })
    expect(complaint(() => load(MINIMAL + bomb.join('\n')))).toContain('too many of them')
  })

  test('YAML is read as Synapse reads it', () => {
    const { config } = load(`${MINIMAL}enable_metrics: yes
encryption_enabled_by_default_for_room_type: off
default_room_version: 11
listeners:
  - {path: run/a.sock, mode: 0660}
  - {path: run/b.sock, mode: 666}
`)
    expect(config.enable_metrics).toBe(true)
    expect(config.encryption_enabled_by_default_for_room_type).toBe(false)
    expect(config.default_room_version).toBe('11')
    expect(config.listeners.map(({ path, mode, x_forwarded }) => [path, mode, x_forwarded])).toEqual([
      ['/srv/run/a.sock', 0o660, true],
      ['/srv/run/b.sock', 0o666, true],
    ])
  })
})

describe('values', () => {
  test.each([
    ['7', 7],
    ['"7"', 7],
    ['3s', 3_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1w', 604_800_000],
    ['1y', 31_536_000_000],
    ['null', null],
  ])('the duration %s is %s ms', (text, expected) => {
    expect(
      load(`${MINIMAL}session_lifetime: 100y\nrefresh_token_lifetime: ${text}`).config.refresh_token_lifetime,
    ).toBe(expected)
  })

  test.each([
    ['7', 7],
    ['2K', 2_048],
    ['3M', 3 * 1_024 ** 2],
    ['1G', 1_024 ** 3],
  ])('the size %s is %i bytes', (text, expected) => {
    expect(cacheBytes(load(`${MINIMAL}caches: {max_bytes: ${text}}`).config)).toBe(expected)
  })

  test.each([
    ['session_lifetime: 5x', 'session_lifetime: expected a duration'],
    ['session_lifetime: -1', 'session_lifetime: expected a duration'],
    ['caches: {max_bytes: 10MiB}', 'caches.max_bytes: expected a size'],
    ['filter_timeline_limit: many', 'filter_timeline_limit: expected an integer of at least -1, found "many"'],
    ['rc_login: {address: {per_second: x}}', 'rc_login.address.per_second: expected a number of at least 0'],
    ['listeners: []', 'listeners: expected a list of at least 1'],
    ['listeners: [{port: 99999}]', 'listeners[0].port: expected an integer from 0 to 65535 or null, found 99999'],
    ['listeners: [{port: 1, resources: [{names: [clint]}]}]', 'listeners[0].resources[0].names[0]: expected one of'],
    ['public_baseurl: example.com', 'public_baseurl: expected an absolute http:// or https:// URL or null'],
    ['enable_metrics: 1', 'enable_metrics: expected true or false, found 1'],
    ['database: sqlite3', 'database: expected a map of options, found "sqlite3"'],
    ['default_room_version: "99"', 'default_room_version: expected a room version that is supported: '],
    ['web_client_location: "javascript:alert(1)"', 'web_client_location: expected an absolute'],
    ['landing_page: {links: [{title: a, url: "javascript:x"}]}', 'landing_page.links[0].url: expected an http://'],
    ['well_known_support: {contacts: [{role: m.role.admin}]}', 'well_known_support.contacts[0]: expected'],
  ])('%s is refused, by path', (text, expected) => {
    expect(complaint(() => load(MINIMAL + text))).toContain(expected)
  })

  test('every problem is listed, each with its line', () => {
    expect(complaint(() => load(`${MINIMAL}enable_metrics: 1\nlisteners:\n  - port: 8008\n    tls: maybe\n`))).toBe(
      'listeners[0].tls: expected true or false, found "maybe" (/etc/magik/homeserver.yaml:6)\n' +
        'enable_metrics: expected true or false, found 1 (/etc/magik/homeserver.yaml:3)',
    )
  })

  test('a secret of the wrong type is not repeated', () => {
    const message = complaint(() => load(`${MINIMAL}registration_shared_secret: 123456`))
    expect(message).toContain('registration_shared_secret: expected')
    expect(message).not.toContain('123456')
  })
})

describe('options that depend on each other', () => {
  test('open registration without verification has to be meant', () => {
    expect(complaint(() => load(`${MINIMAL}enable_registration: true`))).toContain(
      'enable_registration_without_verification: true',
    )
    const meant = 'enable_registration: true\nenable_registration_without_verification: true'
    expect(load(MINIMAL + meant).config.enable_registration).toBe(true)
    // a token would verify, but this release does not ask for one
    expect(complaint(() => load(`${MINIMAL}enable_registration: true\nregistration_requires_token: true`))).toContain(
      'enable_registration:',
    )
  })

  test("PostgreSQL's options are Synapse's", () => {
    const args = 'args: {user: magik, password: 1234, database: matrix, host: db.example.com, cp_min: 5, cp_max: 20}'
    const { config, warnings } = load(`${MINIMAL}database: {name: psycopg2, ${args}}`)
    expect(config.database.args).toMatchObject({
      user: 'magik',
      password: '1234',
      dbname: 'matrix',
      host: 'db.example.com',
      port: 5432,
      cp_max: 20,
      sslmode: 'prefer',
    })
    expect(warnings).toEqual([])
    expect(load(`${MINIMAL}database: {name: psycopg2, txn_limit: 10000}`).warnings.join()).toContain(
      'database.txn_limit',
    )
    expect(complaint(() => load(`${MINIMAL}database: {name: psycopg2, args: {sslcert: a.pem}}`))).toContain(
      'database.args.sslkey: is mandatory',
    )
  })

  test('a TLS listener needs certificate and key', () => {
    const message = complaint(() => load(`${MINIMAL}listeners: [{port: 8448, tls: true}]`))
    expect(message).toContain('tls_certificate_path: is mandatory')
    expect(message).toContain('tls_private_key_path: is mandatory')
  })

  test('a listener has a port or a path', () => {
    const expected = 'listeners[0]: expected either a port or a path'
    expect(complaint(() => load(`${MINIMAL}listeners: [{type: http}]`))).toContain(expected)
    expect(complaint(() => load(`${MINIMAL}listeners: [{port: 1, path: /a}]`))).toContain(expected)
  })

  test('no token outlives its session', () => {
    expect(complaint(() => load(`${MINIMAL}session_lifetime: 1h\nrefresh_token_lifetime: 2h`))).toContain(
      'refresh_token_lifetime: expected no more than session_lifetime',
    )
  })

  test('listeners that only Synapse has a use for are left out, with a warning', () => {
    const { config, warnings } = load(`${MINIMAL}listeners:
  - {port: 9000, type: manhole}
  - {port: 9093, type: http, resources: [{names: [replication]}]}
  - {port: 8008, bind_address: '::1', type: http, resources: [{names: [client]}]}
  - {port: 9090, type: metrics}
`)
    expect(config.listeners.map(({ port, bind_addresses }) => [port, bind_addresses])).toEqual([
      [8008, ['::1']],
      [9090, ['0.0.0.0']],
    ])
    expect(warnings).toHaveLength(2)
  })
})

describe('secrets in files', () => {
  const files = (text: string) => ({ '/etc/magik/homeserver.yaml': MINIMAL + text, '/srv/secret': ' s3cret\n' })
  const paths = ['/etc/magik/homeserver.yaml']

  test('the content, stripped, is the secret', () => {
    const { config } = load(files('macaroon_secret_key_path: secret'), { paths })
    expect(config.macaroon_secret_key).toBe('s3cret')
  })

  test('a secret and its file exclude each other', () => {
    expect(complaint(() => load(files('form_secret: a\nform_secret_path: secret'), { paths }))).toContain(
      'form_secret_path: expected either this or form_secret, found both',
    )
  })

  test('a missing file is made only where the caller knows how', () => {
    const text = files('registration_shared_secret_path: missing')
    expect(complaint(() => load(text, { paths }))).toContain('cannot read /srv/missing: no such file')
    const { config } = load(text, { paths, createSecretFile: (path) => `made at ${path}` })
    expect(config.registration_shared_secret).toBe('made at /srv/missing')
  })
})

describe('logging', () => {
  const pythonConfig = `
version: 1
formatters: {precise: {format: '%(message)s'}}
handlers: {console: {class: logging.StreamHandler}}
root: {level: WARNING, handlers: [console]}
`
  const loadWith = (text: string) =>
    load(
      { '/etc/magik/homeserver.yaml': MINIMAL + text, '/srv/log.config': pythonConfig },
      { paths: ['/etc/magik/homeserver.yaml'] },
    )

  test('the root level of log_config holds, and the rest is a warning', () => {
    const { config, warnings } = loadWith('log_config: log.config')
    expect(config.log.level).toBe('warn')
    expect(warnings).toEqual([expect.stringContaining('formatters, handlers')])
  })

  test('log.level wins', () => {
    expect(loadWith('log_config: log.config\nlog: {level: debug}').config.log.level).toBe('debug')
  })
})

describe('environment', () => {
  test('SYNAPSE_CACHE_FACTOR wins over the file', () => {
    const { config } = load(`${MINIMAL}caches: {global_factor: 3}`, { env: { SYNAPSE_CACHE_FACTOR: '1' } })
    expect(cacheBytes(config)).toBe(512 * 1_024 ** 2)
  })
})

describe('unknown options', () => {
  test.each([
    ['pulic_baseurl: x', 'pulic_baseurl: is no option; did you mean public_baseurl?'],
    ['email: {smtp_hst: x}', 'email.smtp_hst: is no option; did you mean email.smtp_host?'],
    ['listeners: [{prt: 1}]', 'listeners[0].prt: is no option; did you mean listeners[0].port?'],
    ['minimum_length: 8', 'minimum_length: is no option; did you mean password_config.policy.minimum_length?'],
    ['oidc_providers: [{idp_id: a, isuer: x}]', 'oidc_providers[0].isuer: is no option; did you mean'],
    ['instance_map: {w1: {hots: a}}', 'instance_map.w1.hots: is no option; did you mean instance_map.w1.host?'],
    ['log_file: x', 'log_file: is no option any more'],
  ])('%s is refused with the nearest option', (text, expected) => {
    expect(complaint(() => load(MINIMAL + text))).toContain(expected)
  })

  test('options of Synapse that nothing acts on are one warning', () => {
    const { warnings } = load(`${MINIMAL}email: {smtp_host: a, notif_from: b}
trusted_key_servers: [{server_name: matrix.org}]
experimental_features: {msc9999_enabled: true}
caches: {per_cache_factors: {get_users: 2}}
rc_message: {per_second: 1000}
rc_reports: {per_second: 1, burst_count: 5}
`)
    expect(warnings).toEqual([
      'options that this release does not act on yet: ' +
        'email, trusted_key_servers, experimental_features, caches.per_cache_factors, rc_message',
    ])
  })

  test('retention is read with its units, and nothing acts on it yet', () => {
    const { config, warnings } = load(`${MINIMAL}redaction_retention_period: 28d
retention:
  enabled: true
  default_policy: {min_lifetime: 1d, max_lifetime: 1y}
  allowed_lifetime_max: 2y
  purge_jobs: [{longest_max_lifetime: 3d, interval: 12h}, {shortest_max_lifetime: 3d, interval: 1d}]
`)
    const day = 24 * 60 * 60_000
    expect(config.redaction_retention_period).toBe(28 * day)
    expect(config.retention).toEqual({
      enabled: true,
      default_policy: { min_lifetime: day, max_lifetime: 365 * day },
      allowed_lifetime_min: null,
      allowed_lifetime_max: 730 * day,
      purge_jobs: [
        { shortest_max_lifetime: null, longest_max_lifetime: 3 * day, interval: day / 2 },
        { shortest_max_lifetime: 3 * day, longest_max_lifetime: null, interval: day },
      ],
    })
    expect(warnings).toEqual(['options that this release does not act on yet: retention'])
  })

  test('options that guard the server are named apart', () => {
    const { warnings } = load(`${MINIMAL}modules: [{module: a.B, config: {any: thing}}]\nenable_search: false`)
    expect(warnings).toHaveLength(2)
    expect(warnings[0]).toContain('does NOT act on: modules')
  })

  test('keys that begin with x- are free, at every level', () => {
    expect(load(`${MINIMAL}x-a: {b: c}\ncaches: {x-b: 1}`).warnings).toEqual([])
  })
})
