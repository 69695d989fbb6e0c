import type { RunningServer } from './server.ts'

/** What an operation cost. */
export interface Work {
  /** Statements executed by writes. */
  readonly statements: number
  /** Rows inserted, updated and deleted. */
  readonly rowsWritten: number
  readonly commits: number
  /** Bounded reads on the main connection. */
  readonly reads: number
  readonly scans: number
  /** Nodes of state trees looked at, wherever they came from. */
  readonly nodes: number
}

/** Counts what an operation costs. Nothing else may be under way. */
export async function workOf({ server }: RunningServer, operation: () => Promise<unknown>): Promise<Work> {
  const before = { ...server.database.counts(), nodes: server.stateNodesRead() }
  await operation()
  const after = { ...server.database.counts(), nodes: server.stateNodesRead() }
  return {
    statements: after.statements - before.statements,
    rowsWritten: after.rowsWritten - before.rowsWritten,
    commits: after.batches - before.batches,
    reads: after.reads - before.reads,
    scans: after.scans - before.scans,
    nodes: after.nodes - before.nodes,
  }
}
