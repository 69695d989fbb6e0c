import { describe, expect, test } from 'vitest'
import { type Content, path, refused, testServer, type User } from '../harness/index.ts'

interface Rule {
  readonly rule_id: string
  readonly default: boolean
  readonly enabled: boolean
  readonly actions: unknown[]
  readonly conditions?: unknown[]
  readonly pattern?: string
}

type Ruleset = Record<'override' | 'content' | 'room' | 'sender' | 'underride', Rule[]>

const NOTIFY = { actions: ['notify'] }

async function ids(user: User, kind: keyof Ruleset): Promise<string[]> {
  const { global } = await user.get<{ global: Ruleset }>('/pushrules/')
  return global[kind].map(({ rule_id: ruleId }) => ruleId)
}

function put(user: User, rule: string, body: Content, query: Record<string, string> = {}): Promise<Content> {
  return user.put(`/pushrules/global/${rule}`, body, query)
}

describe('setPushRule, deletePushRule, getPushRules, getPushRulesGlobal, getPushRule', () => {
  test('a rule of each kind is given back as it was put, and gone once it is deleted', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const conditions = [{ kind: 'event_match', key: 'content.body', pattern: 'beer' }]
    const rules: [string, Content][] = [
      ['override/own', { ...NOTIFY, conditions }],
      ['underride/own', { ...NOTIFY, conditions: [] }],
      ['content/cake', { ...NOTIFY, pattern: 'c?ke' }],
      [path`room/${'!room:example.org'}`, { actions: [] }],
      [path`sender/${'@spam:example.org'}`, { actions: ['dont_notify'] }],
    ]
    for (const [rule, body] of rules) {
      await put(alice, rule, body)
      const ruleId = decodeURIComponent(rule.slice(rule.indexOf('/') + 1))
      expect(await alice.get(`/pushrules/global/${rule}`)).toEqual({
        rule_id: ruleId,
        default: false,
        enabled: true,
        ...body,
      })
      await alice.delete(`/pushrules/global/${rule}`)
      await refused(alice.get(`/pushrules/global/${rule}`), 'M_NOT_FOUND', 404)
      await refused(alice.delete(`/pushrules/global/${rule}`), 'M_NOT_FOUND', 404)
    }
    await refused(alice.delete('/pushrules/global/override/.m.rule.reaction'), 'M_NOT_FOUND', 404)
  })

  test('a user’s own rules stand before the server’s, but for the master switch, the newest first', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    for (const rule of ['one', 'two']) await put(alice, `override/${rule}`, { ...NOTIFY, conditions: [] })
    expect((await ids(alice, 'override')).slice(0, 4)).toEqual([
      '.m.rule.master',
      'two',
      'one',
      '.m.rule.suppress_notices',
    ])
    await put(alice, 'underride/three', { ...NOTIFY, conditions: [] })
    expect((await ids(alice, 'underride')).slice(0, 2)).toEqual(['three', '.m.rule.call'])
    expect((await alice.get<Ruleset>('/pushrules/global/')).underride[0]).toMatchObject({ rule_id: 'three' })
  })

  test('before and after say where a rule stands', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const content = { ...NOTIFY, pattern: 'x' }
    await put(alice, 'content/a', content)
    await put(alice, 'content/b', content, { after: 'a' })
    await put(alice, 'content/c', content, { before: 'b' })
    expect(await ids(alice, 'content')).toEqual(['a', 'c', 'b'])
    // replacing moves too
    await put(alice, 'content/b', content, { before: 'a' })
    expect(await ids(alice, 'content')).toEqual(['b', 'a', 'c'])
    await put(alice, 'content/c', content)
    expect(await ids(alice, 'content')).toEqual(['c', 'b', 'a'])
    await put(alice, 'content/b', content, { after: 'b' })
    expect(await ids(alice, 'content')).toEqual(['c', 'b', 'a'])
    await refused(put(alice, 'content/d', content, { before: 'none' }), 'M_UNKNOWN', 400)
    await refused(put(alice, 'underride/d', { ...NOTIFY, conditions: [] }, { after: '.m.rule.call' }), 'M_UNKNOWN', 400)
  })

  test('a replaced rule stays on or off', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    await put(alice, 'content/a', { ...NOTIFY, pattern: 'x' })
    await put(alice, 'content/a/enabled', { enabled: false })
    await put(alice, 'content/a', { ...NOTIFY, pattern: 'y' })
    expect(await alice.get('/pushrules/global/content/a')).toMatchObject({ enabled: false, pattern: 'y' })
  })

  test('what is no rule is refused', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const conditional = { ...NOTIFY, conditions: [] }
    await refused(put(alice, 'override/.own', conditional), 'M_INVALID_PARAM', 400)
    await refused(put(alice, 'override/.m.rule.reaction', conditional), 'M_INVALID_PARAM', 400)
    await refused(put(alice, path`override/${'a/b'}`, conditional), 'M_INVALID_PARAM', 400)
    await refused(put(alice, path`override/${'a\\b'}`, conditional), 'M_INVALID_PARAM', 400)
    await refused(put(alice, 'override/own', NOTIFY), 'M_MISSING_PARAM', 400)
    await refused(put(alice, 'override/own', { ...NOTIFY, conditions: [{ key: 'x' }] }), 'M_INVALID_PARAM', 400)
    await refused(put(alice, 'content/own', NOTIFY), 'M_MISSING_PARAM', 400)
    await refused(put(alice, 'content/own', { ...NOTIFY, pattern: 7 }), 'M_INVALID_PARAM', 400)
    await refused(put(alice, 'content/own', { ...NOTIFY, pattern: 'x'.repeat(1_025) }), 'M_INVALID_PARAM', 400)
    await refused(put(alice, 'content/own', { pattern: 'x' }), 'M_MISSING_PARAM', 400)
    await refused(put(alice, 'content/own', { pattern: 'x', actions: ['shout'] }), 'M_INVALID_PARAM', 400)
    await refused(put(alice, 'content/own', { pattern: 'x', actions: 'notify' }), 'M_INVALID_PARAM', 400)
    await refused(put(alice, 'postcontent/own', { pattern: 'x', ...NOTIFY }), 'M_INVALID_PARAM', 400)
    expect(await ids(alice, 'content')).toEqual([])
  })

  test('rules survive a restart, and belong to their user alone', async () => {
    const first = await testServer({ users: ['alice', 'bob'] })
    await put(first.alice, 'content/cake', { ...NOTIFY, pattern: 'cake' })
    await put(first.alice, 'override/.m.rule.reaction/enabled', { enabled: false })
    await first.stop()
    const { transport } = await testServer({ folder: first.folder })
    expect(await ids(first.alice.through(transport), 'content')).toEqual(['cake'])
    expect(await ids(first.bob.through(transport), 'content')).toEqual([])
    const rule = '/pushrules/global/override/.m.rule.reaction'
    expect(await first.alice.through(transport).get(rule)).toMatchObject({ enabled: false, default: true })
    expect(await first.bob.through(transport).get(rule)).toMatchObject({ enabled: true })
  })

  test('changes made at once all happen', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const names = Array.from({ length: 20 }, (_, n) => `rule${n}`)
    await Promise.all(names.map((name) => put(alice, `content/${name}`, { ...NOTIFY, pattern: name })))
    expect((await ids(alice, 'content')).sort()).toEqual(names.sort())
  })
})

test('setPushRuleEnabled, isPushRuleEnabled, setPushRuleActions, getPushRuleActions: own rules and the server’s', async () => {
  const { alice } = await testServer({ users: ['alice'] })
  await put(alice, 'content/own', { ...NOTIFY, pattern: 'x' })
  for (const rule of ['content/own', 'underride/.m.rule.call']) {
    await put(alice, `${rule}/enabled`, { enabled: false })
    expect(await alice.get(`/pushrules/global/${rule}/enabled`)).toEqual({ enabled: false })
    const actions = ['notify', { set_tweak: 'sound', value: 'bing' }]
    await put(alice, `${rule}/actions`, { actions })
    expect(await alice.get(`/pushrules/global/${rule}/actions`)).toEqual({ actions })
    await put(alice, `${rule}/enabled`, { enabled: true })
    expect(await alice.get(`/pushrules/global/${rule}`)).toMatchObject({ enabled: true, actions })
    await refused(put(alice, `${rule}/enabled`, { enabled: 'yes' }), 'M_BAD_JSON', 400)
    await refused(put(alice, `${rule}/actions`, { actions: [{}] }), 'M_INVALID_PARAM', 400)
    await refused(put(alice, `${rule}/actions`, {}), 'M_MISSING_PARAM', 400)
  }
  for (const rule of ['content/none', 'override/.m.rule.call', 'override/.m.rule.none']) {
    await refused(put(alice, `${rule}/enabled`, { enabled: true }), 'M_NOT_FOUND', 404)
    await refused(put(alice, `${rule}/actions`, NOTIFY), 'M_NOT_FOUND', 404)
    await refused(alice.get(`/pushrules/global/${rule}/enabled`), 'M_NOT_FOUND', 404)
  }
})

test('a change of rules is told to the user’s syncs, and to nobody else’s', async () => {
  const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
  const [since, bobs] = [await alice.now(), await bob.now()]
  const waiting = alice.sync({ since, timeoutMs: 30_000 })
  await put(alice, 'content/cake', { ...NOTIFY, pattern: 'cake' })
  const { account_data: accountData, next_batch: next } = await waiting
  const [event] = accountData!.events
  expect(event).toMatchObject({ type: 'm.push_rules', content: { global: { content: [{ rule_id: 'cake' }] } } })
  expect(event!.content).toEqual(await alice.get('/pushrules/'))
  expect(event!.content).toEqual(await alice.get(path`/user/${alice.userId}/account_data/m.push_rules`))
  expect((await alice.sync({ since: next })).account_data).toBeUndefined()
  expect((await bob.sync({ since: bobs })).account_data).toBeUndefined()
})
