import type { CompiledQuery, Kysely } from 'kysely'

/** What a builder hands back: any of Kysely's query builders, or a `sql` fragment. */
export interface Compilable<R> {
  compile(database: Kysely<unknown>): CompiledQuery<R>
}

/** Builds a query: `q` starts a statement, `p` holds a placeholder for each named parameter. */
export type BuildQuery<S, P, R> = (q: Kysely<S>, p: P) => Compilable<R>
