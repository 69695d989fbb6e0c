import { hash as bcrypt } from '@node-rs/bcrypt'
import { expect, test } from 'vitest'
import { PasswordHasher } from './password-hasher.ts'
import { PasswordPolicy } from './password-policy.ts'
import { refused, testAccounts } from './test-accounts.ts'
import { WorkLimit } from './work-limit.ts'

const byUser = (user: string, password = 'secret') => ({ identifier: { type: 'm.id.user', user }, password })

test('authenticate: a user is found by ID and by localpart, in whatever case', async () => {
  const { passwordLogin, user } = await testAccounts()
  const { userId } = await user('alice')
  for (const name of ['alice', 'ALICE', '@alice:example.org', '@Alice:example.org']) {
    expect(await passwordLogin.authenticate(byUser(name))).toMatchObject({ userId })
  }
  expect(await passwordLogin.authenticate({ user: 'alice', password: 'secret' })).toMatchObject({ userId })
})

test('authenticate: wrong passwords, unknown users, other servers’ users and unbound 3PIDs are all forbidden', async () => {
  const { passwordLogin, user } = await testAccounts()
  await user('alice')
  for (const credentials of [
    byUser('alice', 'Secret'),
    byUser('nobody'),
    byUser('@alice:example.com'),
    byUser('alice:example.org'),
    byUser(''),
    byUser('@'),
    { identifier: { type: 'm.id.thirdparty', medium: 'email', address: 'a@example.org' }, password: 'secret' },
    { identifier: { medium: 'email', address: 'a@example.org' }, password: 'secret' },
    { medium: 'email', address: 'a@example.org', password: 'secret' },
    { identifier: { type: 'm.id.phone', country: 'GB', phone: '07700900001' }, password: 'secret' },
  ]) {
    expect(await refused(passwordLogin.authenticate(credentials), 'M_FORBIDDEN')).toMatchObject({ status: 403 })
  }
})

test('authenticate: malformed credentials are told apart', async () => {
  const { passwordLogin } = await testAccounts()
  await refused(passwordLogin.authenticate({ user: 'alice' }), 'M_MISSING_PARAM')
  await refused(passwordLogin.authenticate({ password: 'x' }), 'M_MISSING_PARAM')
  await refused(passwordLogin.authenticate({ user: 'alice', password: 1 }), 'M_BAD_JSON')
  await refused(passwordLogin.authenticate({ user: ['alice'], password: 'x' }), 'M_BAD_JSON')
  await refused(passwordLogin.authenticate({ identifier: 'alice', password: 'x' }), 'M_BAD_JSON')
  await refused(passwordLogin.authenticate({ identifier: {}, password: 'x' }), 'M_MISSING_PARAM')
  await refused(passwordLogin.authenticate({ identifier: { type: 'm.id.user' }, password: 'x' }), 'M_MISSING_PARAM')
  await refused(passwordLogin.authenticate({ identifier: { type: 'm.id.fax' }, password: 'x' }), 'M_UNKNOWN')
})

test('authenticate: deactivated and locked accounts are refused as such', async () => {
  const { accounts, database, passwordLogin, stores, user } = await testAccounts()
  const alice = await user('alice')
  await accounts.setFlags(alice.userNid, { isLocked: true })
  await refused(passwordLogin.authenticate(byUser('alice')), 'M_USER_LOCKED')
  await refused(passwordLogin.authenticate(byUser('alice', 'wrong')), 'M_FORBIDDEN')
  await database.write({
    statements: [
      stores.accounts.setFlags(alice.userNid, { isDeactivated: true }),
      stores.accounts.setPasswordHash(alice.userNid, undefined),
    ],
  })
  await refused(passwordLogin.authenticate(byUser('alice')), 'M_USER_DEACTIVATED')
})

test('authenticate: an imported bcrypt hash with pepper is verified, then replaced by Argon2id', async () => {
  const { database, passwordLogin, stores, user } = await testAccounts({ pepper: 'pepper' })
  const alice = await user('alice')
  // given a password whose composed and decomposed spellings look the same, and which bcrypt cuts off
  const password = `pa\u0308ss ${'x'.repeat(80)}`
  const imported = await bcrypt(Buffer.from(`${password.normalize('NFKC')}pepper`).subarray(0, 72), 4)
  await database.write({ statements: [stores.accounts.setPasswordHash(alice.userNid, imported)] })

  await refused(passwordLogin.authenticate(byUser('alice', 'wrong')), 'M_FORBIDDEN')
  expect((await stores.accounts.find(alice.userNid))?.passwordHash).toBe(imported)
  await passwordLogin.authenticate(byUser('alice', password.normalize('NFC')))

  expect((await stores.accounts.find(alice.userNid))?.passwordHash).toMatch(/^\$argon2id\$/)
  await passwordLogin.authenticate(byUser('alice', password))
})

test('PasswordHasher: hashes of another cost or of an unknown make are recognised', async () => {
  const lowest = new PasswordHasher({ pepper: '', cost: 'lowest' })
  const full = new PasswordHasher({ pepper: '', cost: 'full' })
  const hashed = await full.hash('secret')
  expect(hashed).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await full.verify('secret', hashed)).toEqual({ matches: true, isOutdated: false })
  expect(await lowest.verify('secret', hashed)).toEqual({ matches: true, isOutdated: true })
  expect(await full.verify('secret', '{SHA}abc')).toEqual({ matches: false, isOutdated: false })
  expect(await full.verify('secret', undefined)).toEqual({ matches: false, isOutdated: false })
})

test('WorkLimit: bounds what runs and what waits', async () => {
  const limit = new WorkLimit({ concurrency: 2, maxQueued: 1 })
  const finish: (() => void)[] = []
  const work = () => limit.run(() => new Promise<void>((resolve) => finish.push(resolve)))
  const accepted = [work(), work(), work()]
  expect(await refused(work(), 'M_LIMIT_EXCEEDED')).toMatchObject({ status: 503 })
  expect(finish).toHaveLength(2)
  finish[0]?.()
  await accepted[0]
  await Promise.resolve()
  expect(finish).toHaveLength(3)
  for (const end of finish) end()
  await Promise.all(accepted)
})

test('PasswordPolicy: asks for what it is told to ask for', () => {
  const policy = new PasswordPolicy({
    enabled: true,
    minimumLength: 6,
    requireDigit: true,
    requireSymbol: true,
    requireLowercase: true,
    requireUppercase: true,
  })
  policy.check('aB3$aB')
  for (const weak of ['aB3$a', 'aBc$aB', 'aB3xaB', 'AB3$AB', 'ab3$ab']) {
    expect(() => policy.check(weak)).toThrow(expect.objectContaining({ errcode: 'M_WEAK_PASSWORD' }))
  }
  for (const impossible of ['', 'x'.repeat(513)]) {
    expect(() => policy.check(impossible)).toThrow(expect.objectContaining({ errcode: 'M_INVALID_PARAM' }))
  }
})
