import { bodies, type CommitGate, path, staysOpen, until, type User } from '../harness/index.ts'

/** A room that two users are in, on a server whose commits the gate can hold. */
export interface HeldRoom {
  readonly gate: CommitGate
  readonly room: string
  readonly alice: User
  readonly bob: User
}

/**
 * Holds the commit while alice acts, and looks for anything that lets on about it before it is durable.
 * @returns a line for each way in which something was let on, or not told once it was durable.
 */
export async function commitHoldFaults({ gate, room, alice, bob }: HeldRoom): Promise<string[]> {
  const faults: string[] = []
  const since = await bob.now()
  // Asked before the commits are held: whoever waits must not be woken by them.
  const polls = { bob: bob.sync({ since, timeoutMs: 600_000 }), alice: alice.sync({ since, timeoutMs: 600_000 }) }
  if (!(await staysOpen(polls.bob))) faults.push('a long-poll ended before anything happened')
  gate.close()
  const answers = {
    'a message': alice.send(room, 'held', { txnId: 'held' }),
    'the same message again': alice.send(room, 'held', { txnId: 'held' }),
    state: alice.setState(room, 'm.room.topic', { topic: 'held' }),
    'account data': alice.put(path`/user/${alice.userId}/account_data/org.example.held`, { held: true }),
    'a new room': alice.createRoom({ name: 'held', invite: [bob] }),
    'a display name': alice.put(path`/profile/${alice.userId}/displayname`, { displayname: 'Held' }),
    'a login': alice.onAnotherDevice(),
  }
  const ignored = Promise.allSettled(Object.values(answers))
  await until('a batch waits for the disk', () => gate.isHolding).catch(() =>
    faults.push('no batch waited for the disk'),
  )
  for (const [what, answer] of Object.entries(answers)) {
    if (!(await staysOpen(answer))) faults.push(`${what} was answered before it was durable`)
  }
  for (const [who, poll] of Object.entries(polls)) {
    if (!(await staysOpen(poll))) faults.push(`${who}'s long-poll was answered before anything was durable`)
  }
  for (const user of [alice, bob]) {
    const news = await user.sync({ since })
    if (news.rooms !== undefined || news.account_data !== undefined) faults.push('/sync told what is not durable')
    if (news.next_batch !== since) faults.push('/sync moved on to a position that is not durable')
    if (bodies((await user.messages(room)).chunk).includes('held')) faults.push('/messages told what is not durable')
    const topic = await user.state(room, 'm.room.topic').catch(() => undefined)
    if (topic !== undefined) faults.push('/state told what is not durable')
    const initial = JSON.stringify(await user.sync())
    if (initial.includes('held')) faults.push('an initial /sync told what is not durable')
  }
  gate.open()
  await ignored
  const [first, again] = await Promise.all([answers['a message'], answers['the same message again']])
  if (first.event_id !== again.event_id) faults.push('one transaction ID made two events')
  for (const [who, poll] of Object.entries(polls)) {
    const news = await inTime(poll)
    if (news === undefined) faults.push(`${who}'s long-poll was left waiting`)
    else if (news.next_batch === since) faults.push('a long-poll was not told what has become durable')
  }
  const later = JSON.stringify(await bob.sync({ since }))
  for (const word of [first.event_id, '"topic":"held"', 'invite_state']) {
    if (!later.includes(word)) faults.push(`/sync leaves out ${word} though it is durable`)
  }
  return faults
}

/** What a promise comes to, if it does so before a test's patience ends: a server that lets on too early may forget to. */
async function inTime<T>(promise: Promise<T>): Promise<T | undefined> {
  let outcome: T | undefined
  const ended = promise.then((value) => {
    outcome = value
    return true
  })
  await until('the promise is kept', () => Promise.race([ended, Promise.resolve(false)])).catch(() => undefined)
  return outcome
}
