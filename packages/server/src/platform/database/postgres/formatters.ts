import { DatabaseError, errorMessage } from '../errors.ts'

/** The functions that turn rows into JSON, by name. */
export interface RowFormatters {
  /** @throws Error if there is none of that name. */
  get(name: string): (row: unknown) => unknown
}

/** @throws DatabaseError if the module does not load. */
export async function loadFormatters(module: URL | undefined): Promise<RowFormatters> {
  const functions = await load(module)
  return {
    get(name) {
      const formatter = functions[name]
      if (typeof formatter !== 'function') throw new Error(`there is no formatter ${name}`)
      return (row) => formatter(row)
    },
  }
}

async function load(module: URL | undefined): Promise<Readonly<Record<string, unknown>>> {
  if (module === undefined) return {}
  try {
    return await import(module.href)
  } catch (error) {
    throw new DatabaseError(`the formatters cannot be loaded: ${errorMessage(error)}`, { cause: error })
  }
}
