import { expect, test } from 'vitest'
import { RoomQueue } from './room-queue.ts'

test('RoomQueue: tasks of one room run one at a time, in order of arrival', async () => {
  // given a first task that is held
  const queue = new RoomQueue()
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const log: string[] = []
  const first = queue.run(1, async () => {
    log.push('first begins')
    await held
    log.push('first ends')
  })
  const second = queue.run(1, async () => void log.push('second'))
  const third = queue.run(1, async () => void log.push('third'))
  // when another room's task runs meanwhile, and the first is released
  await queue.run(2, async () => void log.push('other room'))
  release()
  await Promise.all([first, second, third])
  // then nothing of the room overlapped, and nothing is left behind
  expect(log).toEqual(['first begins', 'other room', 'first ends', 'second', 'third'])
  expect(queue.size).toBe(0)
})

test('RoomQueue: a task that fails does not hold up the next', async () => {
  const queue = new RoomQueue()
  const failing = queue.run(1, async () => {
    throw new Error('refused')
  })
  const next = queue.run(1, async () => 'done')
  await expect(failing).rejects.toThrow('refused')
  await expect(next).resolves.toBe('done')
})

test('RoomQueue: beyond its bound senders are told to come back', async () => {
  // given a room with as many tasks waiting as may
  const queue = new RoomQueue()
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const tasks = Array.from({ length: 2_001 }, () => queue.run(1, () => held))
  // when one more comes, then it is refused, and all others run
  await expect(queue.run(1, () => held)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', status: 503 })
  release()
  await Promise.all(tasks)
})
