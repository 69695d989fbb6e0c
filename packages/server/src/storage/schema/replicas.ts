/** Table of migration 0008: the processes that serve the database. */
export interface ReplicaTables {
  replicas: { replica_id: string; address: string; heartbeat_ts: number }
}
