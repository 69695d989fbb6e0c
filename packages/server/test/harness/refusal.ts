import { expect } from 'vitest'
import type { HttpAnswer } from './transport.ts'

/** What a verb of the DSL throws when the server answers with an error. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  /** Undefined when the answer is not in the spec's form. */
  readonly errcode: string | undefined
  /** The whole body, where it is JSON. */
  readonly body: Readonly<Record<string, unknown>>
  readonly answer: HttpAnswer

  constructor(what: string, answer: HttpAnswer) {
    super(`${what}: ${answer.status} ${answer.body.slice(0, 500)}`)
    this.answer = answer
    this.status = answer.status
    this.body = jsonObject(answer.body)
    this.errcode = typeof this.body['errcode'] === 'string' ? this.body['errcode'] : undefined
  }
}

/**
 * Holds that the server refuses, with this error code and (where given) this status.
 * @returns the refusal, for more to be held of it.
 */
export async function refused(promise: Promise<unknown>, errcode: string, status?: number): Promise<Refusal> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  )
  if (!(outcome instanceof Refusal)) {
    if (outcome instanceof Error) throw outcome
    expect.fail(`expected to be refused with ${errcode}, but got ${JSON.stringify(outcome)}`)
  }
  expect(
    { errcode: outcome.errcode, ...(status !== undefined && { status: outcome.status }) },
    outcome.message,
  ).toEqual({
    errcode,
    ...(status !== undefined && { status }),
  })
  expect(outcome.body['error'], 'an error has a text').toEqual(expect.any(String))
  return outcome
}

function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}
