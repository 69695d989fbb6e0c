import { DummyDriver, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from 'kysely'
import type { QueryDialect } from '../query.ts'
import { arrayLiteral } from './values.ts'

/** How queries are compiled for PostgreSQL. */
export const postgresQueryDialect: QueryDialect = {
  kysely: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
  // The server takes the array to be one of the column's type.
  inList: (column, list) => sql`${sql.ref(column)} = any(${list})`,
  encodeList: arrayLiteral,
}
