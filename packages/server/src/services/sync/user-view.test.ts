import { expect, test, vi } from 'vitest'
import { UserView } from './user-view.ts'

const event = (position: number, roomNid: number) => ({ position, roomNid, isAccountData: false })

test('UserView: names the rooms that changed in a span', () => {
  // given a view from position 10 on
  const view = new UserView(1, 10)
  view.note(event(11, 7))
  view.note(event(12, 8))
  view.note({ position: 13, roomNid: undefined, isAccountData: true })
  view.note({ position: 14, roomNid: 7, isAccountData: false, isReceipt: true })
  // then spans hold what lies in them, and only that
  expect(view.changesBetween(10, 13)).toMatchObject({ rooms: new Set([7, 8]), hasAccountData: true })
  expect(view.changesBetween(11, 12)).toMatchObject({ rooms: new Set([8]), hasAccountData: false })
  expect(view.changesBetween(13, 13)).toMatchObject({ rooms: new Set(), receiptRooms: new Set() })
  expect(view.changesBetween(11, 14)).toMatchObject({ rooms: new Set([7, 8]), receiptRooms: new Set([7]) })
})

test('UserView: does not pretend to know what came before it', () => {
  expect(new UserView(1, 10).changesBetween(9, 12)).toBeUndefined()
})

test('UserView: forgets the oldest changes, and says so', () => {
  // given more changes than are kept
  const view = new UserView(1, 0)
  for (let position = 1; position <= 3_000; position += 1) view.note(event(position, position))
  // then the oldest spans are unknown and the newest are whole
  expect(view.changesBetween(0, 3_000)).toBeUndefined()
  expect(view.changesBetween(2_500, 3_000)?.rooms.size).toBe(500)
})

test('UserView: wakes whoever waits, once', () => {
  const view = new UserView(1, 0)
  const woken = vi.fn()
  const other = vi.fn()
  view.onceChanged(woken)
  view.onceChanged(other)()
  view.wake()
  view.wake()
  expect(woken).toHaveBeenCalledTimes(1)
  expect(other).not.toHaveBeenCalled()
})
