/** Tables of migration 0006: auth chains, and the followers that fill what is derived. */
export interface AuthChainTables {
  followers: { name: string; position: number; version: number }
  auth_edges: { room_nid: number; cited_nid: number; citing_nid: number }
  auth_chains: { room_nid: number; chain_id: number; seq: number; event_nid: number; depth: number }
  auth_chain_links: {
    room_nid: number
    origin_chain: number
    origin_seq: number
    target_chain: number
    target_seq: number
  }
  auth_cover: { room_nid: number; root: number; next_chain: number }
}
