import { parentPort } from 'node:worker_threads'
import { PduCheckRunner } from './check-pdu.ts'
import type { CheckReply, CheckRequest } from './messages.ts'

// A thread that hashes, redacts and verifies, so that the main thread need not.

const port = parentPort
if (port === null) throw new Error('checks run as a worker thread')
const runner = new PduCheckRunner()

function answer({ checks }: CheckRequest): CheckReply {
  try {
    return { kind: 'results', results: checks.map((check) => runner.run(check)) }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

port.on('message', (request: CheckRequest) => port.postMessage(answer(request)))
