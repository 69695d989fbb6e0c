import { DummyDriver, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import type { QueryDialect } from '../query.ts'

/** How queries are compiled for SQLite. */
export const sqliteQueryDialect: QueryDialect = {
  kysely: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
  inList: (column, list) => sql`${sql.ref(column)} in (select value from json_each(${list}))`,
  encodeList: (list) => JSON.stringify(list),
}
