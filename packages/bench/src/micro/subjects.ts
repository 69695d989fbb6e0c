import { authCheck } from './auth-check.ts'
import type { Subject } from './contest.ts'
import { eventSigning } from './event-signing.ts'
import { forkResolution } from './fork-resolution.ts'
import { pushEvaluation } from './push-evaluation.ts'
import { stateTree } from './state-tree.ts'

/** All subjects, in the order in which they are measured. */
export const SUBJECTS: readonly Subject[] = [eventSigning, authCheck, stateTree, forkResolution, pushEvaluation]
