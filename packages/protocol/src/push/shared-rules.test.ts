import { expect, test } from 'vitest'
import { alice } from '../../test/room-builder.ts'
import { defaultPushRules } from './default-rules.ts'
import { sharedRuleNumber } from './shared-rules.ts'

test('each of the server’s rules that is the same for all has a number of its own', () => {
  const { override, underride } = defaultPushRules(alice)
  const rules = [...override, ...underride]
  const unnumbered = rules.filter((rule) => sharedRuleNumber(rule) === undefined).map(({ rule_id: ruleId }) => ruleId)
  expect(unnumbered).toEqual(['.m.rule.master', '.m.rule.invite_for_me', '.m.rule.is_user_mention'])
  const numbers = rules.flatMap((rule) => sharedRuleNumber(rule) ?? [])
  expect(new Set(numbers).size).toBe(numbers.length)
  expect(Math.max(...numbers)).toBeLessThan(31)
})

test('a rule of a user’s own has none, whatever it is called', () => {
  expect(sharedRuleNumber({ rule_id: '.m.rule.message', default: false })).toBeUndefined()
})
