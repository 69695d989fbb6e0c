import Type from 'typebox'
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
  handle: ({ requester }, { pushRules }: Deps) => ({ global: pushRules.of(requester.userId) }),
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobal */
export const getPushRulesGlobal = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/',
  also: ['/_matrix/client/v3/pushrules/global', ...olderPaths('/pushrules/global/')],
  auth: 'user',
  handle: ({ requester }, { pushRules }: Deps) => pushRules.of(requester.userId),
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobalkindruleid */
export const getPushRule = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}'),
  auth: 'user',
  path: rulePath,
  handle: ({ path, requester }, { pushRules }: Deps) => pushRules.get(requester.userId, path.kind, path.ruleId),
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobalkindruleidenabled */
export const isPushRuleEnabled = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/enabled',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}/enabled'),
  auth: 'user',
  path: rulePath,
  handle: ({ path, requester }, { pushRules }: Deps) => ({
    enabled: pushRules.get(requester.userId, path.kind, path.ruleId)['enabled'] ?? true,
  }),
})

/** @spec client-server-api/#get_matrixclientv3pushrulesglobalkindruleidactions */
export const getPushRuleActions = endpoint({
  route: 'GET /_matrix/client/v3/pushrules/global/{kind}/{ruleId}/actions',
  also: olderPaths('/pushrules/global/{kind}/{ruleId}/actions'),
  auth: 'user',
  path: rulePath,
  handle: ({ path, requester }, { pushRules }: Deps) => ({
    actions: pushRules.get(requester.userId, path.kind, path.ruleId)['actions'] ?? [],
  }),
})
