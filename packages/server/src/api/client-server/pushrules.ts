import Type from 'typebox'
import { JsonObject } from '../../platform/http/schemas.ts'
import type { PushRules } from '../../services/push/push-rules.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

const ruleKind = Type.Union([
  Type.Literal('override'),
  Type.Literal('underride'),
  Type.Literal('sender'),
  Type.Literal('room'),
  Type.Literal('content'),
])
const rulePath = { kind: ruleKind, ruleId: Type.String() }

interface Deps {
  readonly pushRules: PushRules
}

/** @spec client-server-api/#get_matrixclientv3pushrules */
export const getPushRules = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/',
  also: ['/_matrix/client/v3/pushrules', ...olderPaths('/pushrules/'), ...olderPaths('/pushrules')],
  auth: 'user',
  handle: async ({ requester }, { pushRules }: Deps) => ({ global: await pushRules.of(requester) }),
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobal */
export const getPushRulesGlobal = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/',
  also: ['/_matrix/client/v3/pushrules/global', ...olderPaths('/pushrules/global/')],
  auth: 'user',
  handle: ({ requester }, { pushRules }: Deps) => pushRules.of(requester),
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobalkindruleid */
export const getPushRule = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}'),
  auth: 'user',
  path: rulePath,
  handle: ({ path, requester }, { pushRules }: Deps) => pushRules.get(requester, path),
})

/**
 * Adds a rule in front of the user's own of its kind, or beside the one that `before` or `after` names.
 * @spec client-server-api/#put_matrixclientv3pushrulesglobalkindruleid
 */
export const setPushRule = endpoint({
  route: 'PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}'),
  auth: 'user',
  path: rulePath,
  query: { before: Type.Optional(Type.String()), after: Type.Optional(Type.String()) },
  body: JsonObject,
  async handle({ path, query, body, requester }, { pushRules }: Deps) {
    await pushRules.put(requester, path, body, query)
    return {}
  },
})

/** @spec client-server-api/#delete_matrixclientv3pushrulesglobalkindruleid */
export const deletePushRule = endpoint({
  route: 'DELETE /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}'),
  auth: 'user',
  path: rulePath,
  async handle({ path, requester }, { pushRules }: Deps) {
    await pushRules.delete(requester, path)
    return {}
  },
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobalkindruleidenabled */
export const isPushRuleEnabled = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}/enabled'),
  auth: 'user',
  path: rulePath,
  handle: async ({ path, requester }, { pushRules }: Deps) => ({
    enabled: (await pushRules.get(requester, path)).enabled,
  }),
})

/** @spec client-server-api/#put_matrixclientv3pushrulesglobalkindruleidenabled */
export const setPushRuleEnabled = endpoint({
  route: 'PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}/enabled'),
  auth: 'user',
  path: rulePath,
  body: Type.Object({ enabled: Type.Boolean() }),
  async handle({ path, body, requester }, { pushRules }: Deps) {
    await pushRules.setEnabled(requester, path, body.enabled)
    return {}
  },
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobalkindruleidactions */
export const getPushRuleActions = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}/actions'),
  auth: 'user',
  path: rulePath,
  handle: async ({ path, requester }, { pushRules }: Deps) => ({
    actions: (await pushRules.get(requester, path)).actions,
  }),
})

/** @spec client-server-api/#put_matrixclientv3pushrulesglobalkindruleidactions */
export const setPushRuleActions = endpoint({
  route: 'PUT /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}/actions'),
  auth: 'user',
  path: rulePath,
  body: JsonObject,
  async handle({ path, body, requester }, { pushRules }: Deps) {
    await pushRules.setActions(requester, path, body)
    return {}
  },
})
