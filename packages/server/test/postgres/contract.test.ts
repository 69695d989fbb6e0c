import { readsContract } from '../../src/platform/database/testing-reads-contract.ts'
import { writesContract } from '../../src/platform/database/testing-writes-contract.ts'
import { openTestDatabase } from './open-database.ts'

writesContract(openTestDatabase)
readsContract(openTestDatabase)
