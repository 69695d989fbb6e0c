import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

/** Starts one of this folder's thread modules, as source or as emitted JavaScript, whichever runs. */
export function startThread(name: 'writer-thread' | 'reader-thread', workerData: unknown): Worker {
  return new Worker(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url), {
    workerData,
    name: `database ${name}`,
  })
}
