/** What a row of the change log is about. Stored: numbers are never reused. */
export const changeKind = {
  /** A timeline event; `ref` is its number. */
  event: 1,
  /** A room's current state changed without a timeline event. */
  roomState: 2,
  /** A user's account data, global or of one room. */
  accountData: 3,
  /** A user's global profile. */
  profile: 4,
  /** A user's device was added, changed or removed. */
  device: 5,
  /** A user's push rules. */
  pushRules: 6,
  /** A receipt that the room's members see. */
  receipt: 7,
  /** A receipt that its user alone sees. */
  privateReceipt: 8,
  /** What a user's tokens stand for has changed without a device: flags of the account, tokens replaced or gone. */
  account: 9,
  /** A user hides a room that they have left. */
  forgotten: 10,
} as const

/** One of the numbers of `changeKind`. */
export type ChangeKind = (typeof changeKind)[keyof typeof changeKind]
