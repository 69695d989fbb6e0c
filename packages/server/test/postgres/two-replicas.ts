import { randomBytes } from 'node:crypto'
import { ManualClock } from '../../src/platform/clock/manual-clock.ts'
import { HEARTBEAT_INTERVAL_MS } from '../../src/services/replicas/replica-registry.ts'
import { inProcess, type RunningServer, temporaryFolder, testServer, until, type User } from '../harness/index.ts'

/** Two servers on one database that know of each other, each with the same users; their clock is moved by hand. */
export async function twoReplicas<const Name extends string>(users: readonly Name[]) {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const start = () =>
    testServer({
      folder,
      overHttp: true,
      config: { enable_metrics: true },
      surroundings: { clock, randomBytes },
    })
  const a = await start()
  const b = await start()
  await clock.advance(HEARTBEAT_INTERVAL_MS)
  await until('the replicas know each other', () => a.server.otherReplicas() === 1 && b.server.otherReplicas() === 1)
  const registered = await Promise.all(users.map(async (name) => [name, await a.register(name)] as const))
  const atA = byName(registered)
  const atB = byName(registered.map(([name, user]) => [name, user.through(b.transport)] as const))
  return { a, b, clock, atA, atB }
}

/** What has become of a server's drafts of rooms that prefer the other one. */
export async function draftsOf({ server }: RunningServer): Promise<{ forwarded: number; fellBack: number }> {
  const { body } = await inProcess(server.http)({ method: 'GET', url: '/metrics' })
  const value = (outcome: string) =>
    Number(new RegExp(`magik_replica_drafts_total\\{[^}]*outcome="${outcome}"[^}]*\\} (\\d+)`).exec(body)?.[1])
  return { forwarded: value('forwarded'), fellBack: value('fell_back') }
}

/** A room of which the server's drafts are forwarded to the other one. */
export async function roomElsewhere(server: RunningServer, user: User, others: readonly User[] = []): Promise<string> {
  for (;;) {
    const room = await user.createRoomWith(others)
    const { forwarded } = await draftsOf(server)
    await user.send(room, 'where do I go?', { type: 'org.example.probe' })
    if ((await draftsOf(server)).forwarded > forwarded) return room
  }
}

function byName<Name extends string>(users: readonly (readonly [Name, User])[]): Record<Name, User>
function byName(users: readonly (readonly [string, User])[]): Record<string, User> {
  return Object.fromEntries(users)
}
