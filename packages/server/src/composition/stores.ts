import type { Database } from '../platform/database/database.ts'
import { AccessTokenStore } from '../storage/access-token-store.ts'
import { AccountDataStore } from '../storage/account-data-store.ts'
import { AccountStore } from '../storage/account-store.ts'
import { AliasStore } from '../storage/alias-store.ts'
import { AuthChainStore } from '../storage/auth-chain-store.ts'
import { AuthEdgeStore } from '../storage/auth-edge-store.ts'
import { ChangeStore } from '../storage/change-store.ts'
import { CheckStore } from '../storage/check-store.ts'
import { DeviceStore } from '../storage/device-store.ts'
import { BlockedRoomStore } from '../storage/blocked-room-store.ts'
import { EventRemovalStore } from '../storage/event-removal-store.ts'
import { EventStore } from '../storage/event-store.ts'
import { FilterStore } from '../storage/filter-store.ts'
import { FollowerStore } from '../storage/follower-store.ts'
import { JobStore } from '../storage/job-store.ts'
import { MembershipStore } from '../storage/membership-store.ts'
import { MetaStore } from '../storage/meta-store.ts'
import { NumberStore } from '../storage/number-store.ts'
import { ProfileStore } from '../storage/profile-store.ts'
import { PushRuleStore } from '../storage/push-rule-store.ts'
import { ReadPositionStore } from '../storage/read-position-store.ts'
import { ReceiptStore } from '../storage/receipt-store.ts'
import { RedactedEventStore } from '../storage/redacted-event-store.ts'
import { RefreshTokenStore } from '../storage/refresh-token-store.ts'
import { ReplicaStore } from '../storage/replica-store.ts'
import { RoomGraphStore } from '../storage/room-graph-store.ts'
import { RoomRemovalStore } from '../storage/room-removal-store.ts'
import { RoomStore } from '../storage/room-store.ts'
import type { Schema } from '../storage/schema.ts'
import { StateNodeStore } from '../storage/state-node-store.ts'
import { UiAuthStore } from '../storage/ui-auth-store.ts'
import { UnreadStore } from '../storage/unread-store.ts'
import { UserStore } from '../storage/user-store.ts'

/** The stores: each owns its tables. */
export function createStores(database: Database<Schema>) {
  return {
    metaStore: new MetaStore(database),
    numberStore: new NumberStore(database),
    userStore: new UserStore(database),
    changeStore: new ChangeStore(database),
    accountStore: new AccountStore(database),
    profileStore: new ProfileStore(database),
    deviceStore: new DeviceStore(database),
    accessTokenStore: new AccessTokenStore(database),
    refreshTokenStore: new RefreshTokenStore(database),
    uiAuthStore: new UiAuthStore(database),
    filterStore: new FilterStore(database),
    accountDataStore: new AccountDataStore(database),
    roomStore: new RoomStore(database),
    roomGraphStore: new RoomGraphStore(database),
    eventStore: new EventStore(database),
    stateNodeStore: new StateNodeStore(database),
    membershipStore: new MembershipStore(database),
    checkStore: new CheckStore(database),
    followerStore: new FollowerStore(database),
    authEdgeStore: new AuthEdgeStore(database),
    authChainStore: new AuthChainStore(database),
    aliasStore: new AliasStore(database),
    pushRuleStore: new PushRuleStore(database),
    unreadStore: new UnreadStore(database),
    readPositionStore: new ReadPositionStore(database),
    receiptStore: new ReceiptStore(database),
    jobStore: new JobStore(database),
    redactedEventStore: new RedactedEventStore(database),
    eventRemovalStore: new EventRemovalStore(database),
    roomRemovalStore: new RoomRemovalStore(database),
    blockedRoomStore: new BlockedRoomStore(database),
    replicaStore: new ReplicaStore(database),
  }
}

/** The stores. */
export type Stores = ReturnType<typeof createStores>
