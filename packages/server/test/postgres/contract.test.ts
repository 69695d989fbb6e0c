import { readsContract } from '../../src/platform/database/database-contract-reads.ts'
import { writesContract } from '../../src/platform/database/database-contract-writes.ts'
import { openTestDatabase } from './open-database.ts'

writesContract(openTestDatabase)
readsContract(openTestDatabase)
